public import JSON

/// Something that happened in a service, as the service tells EventBridge.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overview-event-structure.html>
public struct ServiceEvent: Sendable, Hashable {
    /// Whose event it is.
    public struct Origin: Sendable, Hashable {
        /// `aws.sagemaker`.
        public var source: String
        public var account: String
        public var region: String

        public init(_ source: String, account: String, region: String) {
            self.source = source
            self.account = account
            self.region = region
        }
    }

    /// A random UUID: the same at each attempt to deliver the event.
    public var id: String
    public var origin: Origin
    /// `SageMaker Training Job State Change`.
    public var detailType: String
    /// ARNs.
    public var resources: [String]
    public var time: Timestamp
    public var detail: JSON

    public init(
        _ detailType: String,
        from origin: Origin,
        about resources: [String],
        at time: Timestamp,
        id: String = RandomText.uuid(),
        detail: JSON
    ) {
        self.id = id
        self.origin = origin
        self.detailType = detailType
        self.resources = resources
        self.time = time
        self.detail = detail
    }

    /// The event as rules see it; its time is in whole seconds.
    public var json: JSON {
        [
            "version": "0",
            "id": .string(id),
            "detail-type": .string(detailType),
            "source": .string(origin.source),
            "account": .string(origin.account),
            "time": .string(time.iso8601Seconds),
            "region": .string(origin.region),
            "resources": .array(resources.map(JSON.string)),
            "detail": detail,
        ]
    }
}
