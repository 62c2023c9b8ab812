// Derived from botocore 1.43.11 by Tools/models/derive.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension ServiceModels {
    /// SageMakerRuntime: the operations served, their shapes and bindings.
    static let sagemakerruntime: StaticString = ###"""
{
"signingName":"sagemaker-runtime",
"serviceID":"SageMaker Runtime",
"endpointPrefix":"runtime.sagemaker",
"apiVersion":"2017-05-13",
"protocol":"rest-json",
"jsonVersion":"1.1",
"operations":{
"InvokeEndpoint":{"method":"POST","uri":"/endpoints/{EndpointName}/invocations","input":0,"output":9},
"InvokeEndpointAsync":{"method":"POST","uri":"/endpoints/{EndpointName}/async-invocations","header":["X-Amzn-SageMaker-InputLocation"],"status":202,"input":12,"output":18},
"InvokeEndpointWithResponseStream":{"method":"POST","uri":"/endpoints/{EndpointName}/invocations-response-stream","input":19,"output":21}
},
"unserved":{

},
"errors":{
"InternalFailure":[500,"Message"],
"ServiceUnavailable":[503,"Message"],
"ValidationError":[400,"Message"],
"ModelError":[424,"Message"],
"InternalDependencyException":[530,"Message"],
"ModelNotReadyException":[429,"Message"],
"ModelStreamError":[400,"Message"],
"InternalStreamFailure":[500,"Message"]
},
"shapes":[
{"type":"structure","name":"InvokeEndpointInput","members":{"EndpointName":{"shape":1,"in":"uri","as":"EndpointName"},"Body":2,"ContentType":{"shape":3,"in":"header","as":"Content-Type"},"Accept":{"shape":3,"in":"header","as":"Accept"},"CustomAttributes":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Custom-Attributes"},"TargetModel":{"shape":4,"in":"header","as":"X-Amzn-SageMaker-Target-Model"},"TargetVariant":{"shape":1,"in":"header","as":"X-Amzn-SageMaker-Target-Variant"},"TargetContainerHostname":{"shape":1,"in":"header","as":"X-Amzn-SageMaker-Target-Container-Hostname"},"InferenceId":{"shape":5,"in":"header","as":"X-Amzn-SageMaker-Inference-Id"},"EnableExplanations":{"shape":6,"in":"header","as":"X-Amzn-SageMaker-Enable-Explanations"},"InferenceComponentName":{"shape":7,"in":"header","as":"X-Amzn-SageMaker-Inference-Component"},"SessionId":{"shape":8,"in":"header","as":"X-Amzn-SageMaker-Session-Id"}},"required":["EndpointName","Body"],"payload":"Body"},
{"type":"string","max":63,"pattern":"^[a-zA-Z0-9](-*[a-zA-Z0-9])*"},
{"type":"blob","max":6291456},
{"type":"string","max":1024,"pattern":"\\p{ASCII}*"},
{"type":"string","min":1,"max":1024,"pattern":"\\A\\S[\\p{Print}]*\\z"},
{"type":"string","min":1,"max":64,"pattern":"\\A\\S[\\p{Print}]*\\z"},
{"type":"string","min":1,"max":64,"pattern":".*"},
{"type":"string","max":63,"pattern":"^[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?$"},
{"type":"string","max":256,"pattern":"^(NEW_SESSION)$|^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"},
{"type":"structure","name":"InvokeEndpointOutput","members":{"Body":10,"ContentType":{"shape":11,"in":"header","as":"Content-Type"},"InvokedProductionVariant":{"shape":11,"in":"header","as":"x-Amzn-Invoked-Production-Variant"},"CustomAttributes":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-Custom-Attributes"},"NewSessionId":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-New-Session-Id"},"ClosedSessionId":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-Closed-Session-Id"}},"payload":"Body"},
{"type":"blob"},
{"type":"string"},
{"type":"structure","name":"InvokeEndpointAsyncInput","members":{"EndpointName":{"shape":1,"in":"uri","as":"EndpointName"},"ContentType":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Content-Type"},"Accept":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Accept"},"CustomAttributes":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Custom-Attributes"},"InferenceId":{"shape":5,"in":"header","as":"X-Amzn-SageMaker-Inference-Id"},"InputLocation":{"shape":13,"in":"header","as":"X-Amzn-SageMaker-InputLocation"},"S3OutputPathExtension":{"shape":14,"in":"header","as":"X-Amzn-SageMaker-S3OutputPathExtension"},"Filename":{"shape":15,"in":"header","as":"X-Amzn-SageMaker-Filename"},"RequestTTLSeconds":{"shape":16,"in":"header","as":"X-Amzn-SageMaker-RequestTTLSeconds"},"InvocationTimeoutSeconds":{"shape":17,"in":"header","as":"X-Amzn-SageMaker-InvocationTimeoutSeconds"}},"required":["EndpointName","InputLocation"]},
{"type":"string","min":1,"max":1024,"pattern":"^(https|s3)://([^/]+)/?(.*)$"},
{"type":"string","min":1,"max":512,"pattern":"^(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]+$"},
{"type":"string","min":1,"max":32,"pattern":"^(?!.*\\..*\\.)[a-zA-Z0-9][a-zA-Z0-9-_\\.]*$"},
{"type":"integer","min":60,"max":21600},
{"type":"integer","min":1,"max":3600},
{"type":"structure","name":"InvokeEndpointAsyncOutput","members":{"InferenceId":11,"OutputLocation":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-OutputLocation"},"FailureLocation":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-FailureLocation"}}},
{"type":"structure","name":"InvokeEndpointWithResponseStreamInput","members":{"EndpointName":{"shape":1,"in":"uri","as":"EndpointName"},"Body":2,"ContentType":{"shape":3,"in":"header","as":"Content-Type"},"Accept":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Accept"},"CustomAttributes":{"shape":3,"in":"header","as":"X-Amzn-SageMaker-Custom-Attributes"},"TargetVariant":{"shape":1,"in":"header","as":"X-Amzn-SageMaker-Target-Variant"},"TargetContainerHostname":{"shape":1,"in":"header","as":"X-Amzn-SageMaker-Target-Container-Hostname"},"InferenceId":{"shape":5,"in":"header","as":"X-Amzn-SageMaker-Inference-Id"},"InferenceComponentName":{"shape":7,"in":"header","as":"X-Amzn-SageMaker-Inference-Component"},"SessionId":{"shape":20,"in":"header","as":"X-Amzn-SageMaker-Session-Id"}},"required":["EndpointName","Body"],"payload":"Body"},
{"type":"string","max":256,"pattern":"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"},
{"type":"structure","name":"InvokeEndpointWithResponseStreamOutput","members":{"Body":22,"ContentType":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-Content-Type"},"InvokedProductionVariant":{"shape":11,"in":"header","as":"x-Amzn-Invoked-Production-Variant"},"CustomAttributes":{"shape":11,"in":"header","as":"X-Amzn-SageMaker-Custom-Attributes"}},"payload":"Body"},
{"type":"structure","name":"ResponseStream","members":{"PayloadPart":23,"ModelStreamError":24,"InternalStreamFailure":25}},
{"type":"structure","name":"PayloadPart","members":{"Bytes":10}},
{"type":"structure","name":"ModelStreamError","members":{"Message":11,"ErrorCode":11}},
{"type":"structure","name":"InternalStreamFailure","members":{"Message":11}}
]
}
"""###
}
