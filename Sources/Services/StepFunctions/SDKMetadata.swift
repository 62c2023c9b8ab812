import AWSProtocol
import JSON

/// What the AWS SDK tells of a call, which optimised integrations put into a task's output.
enum SDKMetadata {
    /// `SdkHttpMetadata` and `SdkResponseMetadata`.
    static func members(_ headers: JSON.Object, requestID: String) -> JSON.Object {
        [
            "SdkHttpMetadata": [
                "AllHttpHeaders": .object(headers.mapValues { .array([$0]) }), "HttpHeaders": .object(headers),
                "HttpStatusCode": 200,
            ],
            "SdkResponseMetadata": ["RequestId": .string(requestID)],
        ]
    }

    /// Those of a call in one of the JSON protocols.
    static func members(
        answer: JSON.Object,
        of model: ServiceModel?,
        requestID: String,
        at moment: Timestamp
    ) -> JSON.Object {
        // A moment takes fourteen characters on the wire, whatever its milliseconds: seconds since 1970 with three decimals.
        let wire = answer.withTimes { .string(String($0.milliseconds / 10)) }
        let length = JSON.object(wire).serializedBytes().count
        let version = model?.wireProtocol == .awsJSON10 ? "1.0" : "1.1"
        return members(
            [
                "x-amzn-RequestId": .string(requestID), "connection": "keep-alive",
                "Content-Length": .string(String(length)), "Date": .string(moment.httpDate),
                "Content-Type": .string("application/x-amz-json-\(version)"),
            ],
            requestID: requestID
        )
    }

    /// A trace id in X-Ray's form.
    static func traceID(_ requestID: String, at moment: Timestamp) -> String {
        let hexadecimal = requestID.filter { $0 != "-" }
        let time = String(moment.milliseconds / 1000, radix: 16)
        return "Root=1-\(time)-\(hexadecimal.prefix(24));Parent=\(hexadecimal.suffix(16));Sampled=0"
    }
}
