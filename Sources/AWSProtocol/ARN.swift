/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
public struct ARN: Sendable, Hashable, CustomStringConvertible {
    public var partition: String
    public var service: String
    public var region: String
    public var account: String
    /// Everything after the fifth colon: `function:name:1`, `role/name`, `my_bucket/key`.
    public var resource: String

    public init(
        partition: String = "aws",
        service: String,
        region: String = "",
        account: String = "",
        resource: String
    ) {
        self.partition = partition
        self.service = service
        self.region = region
        self.account = account
        self.resource = resource
    }

    /// The ARN of a resource in the caller's account and region.
    public init(_ service: String, _ resource: String, of caller: Caller) {
        self.init(service: service, region: caller.region, account: caller.account, resource: resource)
    }

    /// Parses an ARN; nil where the text is not of that form.
    public init?(_ text: some StringProtocol) {
        let parts = Substring(text).utf8
            .split(separator: UInt8(ascii: ":"), maxSplits: 5, omittingEmptySubsequences: false).map(Substring.init)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
            return nil
        }
        self.init(
            partition: String(parts[1]),
            service: String(parts[2]),
            region: String(parts[3]),
            account: String(parts[4]),
            resource: String(parts[5])
        )
    }

    public var description: String { "arn:\(partition):\(service):\(region):\(account):\(resource)" }
}
