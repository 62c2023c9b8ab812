// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let sts: StaticString = ###"""
{
"operations":{
"AssumeRole":[0],
"AssumeRoleWithSAML":[5],
"AssumeRoleWithWebIdentity":[6],
"AssumeRoot":[7],
"DecodeAuthorizationMessage":[8],
"GetAccessKeyInfo":[9],
"GetCallerIdentity":[10],
"GetDelegatedAccessToken":[11],
"GetFederationToken":[12],
"GetSessionToken":[14],
"GetWebIdentityToken":[15]
},
"shapes":[
{"Credentials":1,"AssumedRoleUser":3,"PackedPolicySize":4,"SourceIdentity":2},
{"AccessKeyId!":2,"SecretAccessKey!":2,"SessionToken!":2,"Expiration!":2},
"",
{"AssumedRoleId!":2,"Arn!":2},
"#",
{"Credentials":1,"AssumedRoleUser":3,"PackedPolicySize":4,"Subject":2,"SubjectType":2,"Issuer":2,"Audience":2,"NameQualifier":2,"SourceIdentity":2},
{"Credentials":1,"SubjectFromWebIdentityToken":2,"AssumedRoleUser":3,"PackedPolicySize":4,"Provider":2,"Audience":2,"SourceIdentity":2},
{"Credentials":1,"SourceIdentity":2},
{"DecodedMessage":2},
{"Account":2},
{"UserId":2,"Account":2,"Arn":2},
{"Credentials":1,"PackedPolicySize":4,"AssumedPrincipal":2},
{"Credentials":1,"FederatedUser":13,"PackedPolicySize":4},
{"FederatedUserId!":2,"Arn!":2},
{"Credentials":1},
{"WebIdentityToken":2,"Expiration":2}
]
}
"""###
}
