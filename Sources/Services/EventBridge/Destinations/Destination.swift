import AWSProtocol
import GRDB
import JSON

/// An API destination: somebody else's endpoint, and the connection that opens it.
struct Destination: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "events_destinations"

    var account: String
    var region: String
    var name: String
    var id: String
    var description: String?
    /// ARN.
    var connection: String
    /// With `*` where a target's path parameters go.
    var endpoint: String
    var method: String
    /// How many calls a second AWS makes at most; the yard does not hold calls back.
    var rate: Int?
    /// Milliseconds since 1970.
    var created: Int
    var modified: Int

    var arn: String { "arn:aws:events:\(region):\(account):api-destination/\(name)/\(id)" }

    /// What every operation answers of it.
    var summary: JSON.Object {
        [
            "ApiDestinationArn": .string(arn), "ApiDestinationState": "ACTIVE",
            "CreationTime": Timestamp(milliseconds: created).json,
            "LastModifiedTime": Timestamp(milliseconds: modified).json,
        ]
    }

    /// As `ListApiDestinations` tells it.
    var listed: JSON.Object {
        summary.merging(
            .compact([
                "Name": .string(name), "ConnectionArn": .string(connection), "InvocationEndpoint": .string(endpoint),
                "HttpMethod": .string(method), "InvocationRateLimitPerSecond": rate.map { .integer($0) },
            ])
        )
    }

    static func fetch(_ name: String, of caller: Caller, in db: Database) throws -> Destination? {
        try fetchOne(db, key: ["account": caller.account, "region": caller.region, "name": name])
    }

    /// - Throws: `ResourceNotFoundException`
    static func existing(_ name: String, of caller: Caller, in db: Database) throws -> Destination {
        guard let found = try fetch(name, of: caller, in: db) else {
            throw AWSError("ResourceNotFoundException", "An api-destination '\(name)' does not exist.")
        }
        return found
    }
}
