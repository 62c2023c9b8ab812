import AWSProtocol
import JSON

/// Where an asynchronous endpoint's answers go: its `AsyncInferenceConfig`.
struct AsynchronousInference: Sendable {
    private let output: S3Location
    private let failure: S3Location
    let successTopic: String?
    let errorTopic: String?
    /// Lets so many requests to the model at once as the configuration says; nil for any number.
    let limit: ConcurrencyLimit?

    /// nil where the endpoint is not asynchronous.
    /// - Parameter instanceCount: Of the endpoint's variants together.
    init?(_ config: JSON?, instanceCount: Int = 1) {
        guard let target = config?["OutputConfig"] else { return nil }
        guard let uri = target["S3OutputPath"]?.stringValue, let location = S3Location(uri) else { return nil }
        output = location
        failure = target["S3FailurePath"]?.stringValue.flatMap { S3Location($0) } ?? location
        successTopic = target["NotificationConfig"]?["SuccessTopic"]?.stringValue
        errorTopic = target["NotificationConfig"]?["ErrorTopic"]?.stringValue
        limit = config?["ClientConfig"]?["MaxConcurrentInvocationsPerInstance"]?.intValue.map {
            ConcurrencyLimit($0 * max(1, instanceCount))
        }
    }

    /// Where an answer goes.
    /// - Parameters:
    ///   - path: A path below the endpoint's, where the request names one.
    ///   - name: The file, where the request names it.
    func outputLocation(_ id: String, below path: String?, named name: String?) -> S3Location {
        let directory = path.map { output.appending($0) } ?? output
        return directory.appending(name ?? "\(id).out")
    }

    func failureLocation(_ id: String) -> S3Location { failure.appending("\(id)-error.out") }
}

/// A request that waits in the outbox for its turn.
struct AsynchronousRequest: Sendable {
    static let topic = "sagemaker.async-inference"

    var endpoint: EndpointKey
    /// What names the output, and the request in notifications.
    var id: String
    var input: S3Location
    var contentType: String?
    var accept: String?
    var customAttributes: String?
    var inferenceID: String
    var output: S3Location
    var failure: S3Location
    /// How long the model may take.
    var timeoutSeconds: Int
    /// After this it is not begun any more.
    var deadline: Timestamp

    var json: JSON {
        .compact([
            "account": .string(endpoint.account),
            "region": .string(endpoint.region),
            "endpoint": .string(endpoint.name),
            "id": .string(id),
            "input": .string(input.uri),
            "contentType": contentType.map { .string($0) },
            "accept": accept.map { .string($0) },
            "customAttributes": customAttributes.map { .string($0) },
            "inferenceID": .string(inferenceID),
            "output": .string(output.uri),
            "failure": .string(failure.uri),
            "timeout": .integer(timeoutSeconds),
            "deadline": .integer(deadline.milliseconds),
        ])
    }
}

extension AsynchronousRequest {
    /// nil where the message is not one that `json` wrote.
    init?(json: JSON) {
        func text(_ member: String) -> String? { json[member]?.stringValue }
        guard let account = text("account"), let region = text("region"), let name = text("endpoint"),
            let id = text("id"), let input = text("input").flatMap({ S3Location($0) }),
            let output = text("output").flatMap({ S3Location($0) }),
            let failure = text("failure").flatMap({ S3Location($0) })
        else { return nil }
        self.init(
            endpoint: EndpointKey(account: account, region: region, name: name),
            id: id,
            input: input,
            contentType: text("contentType"),
            accept: text("accept"),
            customAttributes: text("customAttributes"),
            inferenceID: text("inferenceID") ?? id,
            output: output,
            failure: failure,
            timeoutSeconds: json["timeout"]?.intValue ?? 900,
            deadline: Timestamp(milliseconds: json["deadline"]?.intValue ?? 0)
        )
    }
}
