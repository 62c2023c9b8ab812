import AWSProtocol

/// Which bus is meant.
struct BusReference: Sendable, Hashable {
    static let defaultName = "default"

    var account: String
    var region: String
    var name: String

    var arn: String { "arn:aws:events:\(region):\(account):event-bus/\(name)" }

    var caller: Caller { Caller(account: account, region: region) }

    init(account: String, region: String, name: String = defaultName) {
        self.account = account
        self.region = region
        self.name = name
    }

    /// The bus that a name or an ARN means to a caller; the default one where there is none.
    init(_ text: String?, of caller: Caller) {
        if let text, let bus = BusReference(arn: text) {
            self = bus
        } else {
            self.init(account: caller.account, region: caller.region, name: text ?? Self.defaultName)
        }
    }

    /// Nil where the text is no bus's ARN.
    init?(arn text: String) {
        guard let arn = ARN(text), arn.service == "events", arn.resource.hasPrefix("event-bus/") else { return nil }
        self.init(account: arn.account, region: arn.region, name: String(arn.resource.dropFirst("event-bus/".count)))
    }
}

extension AWSRequest {
    /// The bus that `EventBusName` means.
    /// - Throws: `AccessDeniedException` where it is another account's or region's.
    func ownBus() throws(AWSError) -> BusReference {
        let bus = BusReference(string("EventBusName"), of: caller)
        guard bus.account == caller.account, bus.region == caller.region else {
            throw AWSError(
                "AccessDeniedException",
                "User: \(caller.principal) is not authorized to perform: \(operation) on resource: \(bus.arn)"
            )
        }
        return bus
    }
}

extension AWSError {
    static func noBus(_ name: String) -> AWSError {
        AWSError("ResourceNotFoundException", "Event bus \(name) does not exist.")
    }
}
