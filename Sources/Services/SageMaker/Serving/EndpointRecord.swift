import AWSProtocol
import GRDB
import JSON
import Store

/// An endpoint's `EndpointStatus`.
enum EndpointStatus: String, Sendable {
    case creating = "Creating"
    case updating = "Updating"
    case rollingBack = "RollingBack"
    case inService = "InService"
    case failed = "Failed"

    /// Nothing may be changed until what is under way has ended.
    var isInProgress: Bool { self == .creating || self == .updating || self == .rollingBack }
}

/// An endpoint as stored.
struct EndpointRecord: Sendable {
    var resource: ResourceRecord

    init(_ resource: ResourceRecord) { self.resource = resource }

    var name: String { resource.name }
    var arn: String { resource.arn }
    var key: EndpointKey { EndpointKey(account: resource.account, region: resource.region, name: resource.name) }
    var owner: Caller { Caller(account: resource.account, region: resource.region) }

    var status: EndpointStatus {
        get { EndpointStatus(rawValue: resource.status) ?? .failed }
        set { resource.status = newValue.rawValue }
    }

    /// What it serves; nil until it has been in service.
    var current: EndpointDeployment? {
        get { EndpointDeployment(json: resource.document["Current"]) }
        set { resource.document["Current"] = newValue?.json }
    }

    /// What is being created, or changed to.
    var pending: EndpointDeployment? {
        get { EndpointDeployment(json: resource.document["Pending"]) }
        set { resource.document["Pending"] = newValue?.json }
    }

    /// The configuration that an endpoint was to have that has never been in service.
    var failedConfigName: String? {
        get { resource.document["FailedConfigName"]?.stringValue }
        set { resource.document["FailedConfigName"] = newValue.map { .string($0) } }
    }

    var failureReason: String? {
        get { resource.document["FailureReason"]?.stringValue }
        set { resource.document["FailureReason"] = newValue.map { .string(String($0.prefix(1024))) } }
    }

    static func find(_ name: String, of caller: Caller, in db: Database) throws -> EndpointRecord? {
        try ResourceRecord.find(.endpoint, name, of: caller, in: db).map(EndpointRecord.init)
    }

    /// Writes what has changed, and tells of it.
    mutating func update(at now: Timestamp, telling events: ServiceEvents, in db: Database) throws {
        resource.modified = now
        try resource.update(in: db)
        try events.tell(self, at: now, in: db)
    }
}

/// Which endpoint is meant.
struct EndpointKey: Sendable, Hashable {
    var account: String
    var region: String
    var name: String

    init(account: String, region: String, name: String) {
        self.account = account
        self.region = region
        self.name = name
    }

    init(_ name: String, of caller: Caller) {
        self.init(account: caller.account, region: caller.region, name: name)
    }
}
