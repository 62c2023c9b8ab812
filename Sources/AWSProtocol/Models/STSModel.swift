// Derived from botocore 1.43.11 by Tools/models/derive.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension ServiceModels {
    /// STS: the operations served, their shapes and bindings.
    static let sts: StaticString = ###"""
{
"signingName":"sts",
"serviceID":"STS",
"endpointPrefix":"sts",
"apiVersion":"2011-06-15",
"protocol":"query",
"xmlNamespace":"https://sts.amazonaws.com/doc/2011-06-15/",
"operations":{
"AssumeRole":{"input":0,"output":18,"resultWrapper":"AssumeRoleResult"},
"GetAccessKeyInfo":{"input":24,"output":26,"resultWrapper":"GetAccessKeyInfoResult"},
"GetCallerIdentity":{"input":27,"output":28,"resultWrapper":"GetCallerIdentityResult"},
"GetSessionToken":{"input":29,"output":31,"resultWrapper":"GetSessionTokenResult"}
},
"unserved":{
"AssumeRoleWithSAML":{},
"AssumeRoleWithWebIdentity":{},
"AssumeRoot":{},
"DecodeAuthorizationMessage":{},
"GetDelegatedAccessToken":{},
"GetFederationToken":{},
"GetWebIdentityToken":{}
},
"errors":{
"MalformedPolicyDocument":[400,"message"],
"PackedPolicyTooLarge":[400,"message"],
"RegionDisabledException":[403,"message"],
"ExpiredTokenException":[400,"message"]
},
"shapes":[
{"type":"structure","name":"AssumeRoleRequest","members":{"RoleArn":1,"RoleSessionName":2,"PolicyArns":3,"Policy":5,"DurationSeconds":6,"Tags":7,"TransitiveTagKeys":11,"ExternalId":12,"SerialNumber":13,"TokenCode":14,"SourceIdentity":2,"ProvidedContexts":15},"required":["RoleArn","RoleSessionName"]},
{"type":"string","min":20,"max":2048,"pattern":"[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+"},
{"type":"string","min":2,"max":64,"pattern":"[\\w+=,.@-]*"},
{"type":"list","member":4},
{"type":"structure","name":"PolicyDescriptorType","members":{"arn":1}},
{"type":"string","min":1,"pattern":"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"},
{"type":"integer","min":900,"max":43200},
{"type":"list","max":50,"member":8},
{"type":"structure","name":"Tag","members":{"Key":9,"Value":10},"required":["Key","Value"]},
{"type":"string","min":1,"max":128,"pattern":"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"},
{"type":"string","min":0,"max":256,"pattern":"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*"},
{"type":"list","max":50,"member":9},
{"type":"string","min":2,"max":1224,"pattern":"[\\w+=,.@:\\/-]*"},
{"type":"string","min":9,"max":256,"pattern":"[\\w+=/:,.@-]*"},
{"type":"string","min":6,"max":6,"pattern":"[\\d]*"},
{"type":"list","min":1,"max":5,"member":16},
{"type":"structure","name":"ProvidedContext","members":{"ProviderArn":1,"ContextAssertion":17}},
{"type":"string","min":4,"max":2048},
{"type":"structure","name":"AssumeRoleResponse","members":{"Credentials":19,"AssumedRoleUser":22,"PackedPolicySize":23,"SourceIdentity":20}},
{"type":"structure","name":"Credentials","members":{"AccessKeyId":20,"SecretAccessKey":20,"SessionToken":20,"Expiration":21}},
{"type":"string"},
{"type":"timestamp"},
{"type":"structure","name":"AssumedRoleUser","members":{"AssumedRoleId":20,"Arn":20}},
{"type":"integer"},
{"type":"structure","name":"GetAccessKeyInfoRequest","members":{"AccessKeyId":25},"required":["AccessKeyId"]},
{"type":"string","min":16,"max":128,"pattern":"[\\w]*"},
{"type":"structure","name":"GetAccessKeyInfoResponse","members":{"Account":20}},
{"type":"structure","name":"GetCallerIdentityRequest","members":{}},
{"type":"structure","name":"GetCallerIdentityResponse","members":{"UserId":20,"Account":20,"Arn":20}},
{"type":"structure","name":"GetSessionTokenRequest","members":{"DurationSeconds":30,"SerialNumber":13,"TokenCode":14}},
{"type":"integer","min":900,"max":129600},
{"type":"structure","name":"GetSessionTokenResponse","members":{"Credentials":19}}
]
}
"""###
}
