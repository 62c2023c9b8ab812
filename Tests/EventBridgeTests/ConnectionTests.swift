import AWSProtocol
import JSON
import OutgoingHTTP
import ServiceTesting
import Store
import Testing

@testable import EventBridge

/// EventBridge over a store of its own.
struct Fixture {
    let temporary: TemporaryStore
    let events: EventBridgeService
    let clock = ManualClock()
    let aws = RecordingCaller()
    /// Whenever a call that is answered by `answer` has been made.
    let called = Occurrence()
    let caller = Caller(account: "000000000000", region: "us-east-1")

    init(directory: TemporaryDirectory? = nil) throws {
        temporary = try TemporaryStore(migrations: EventBridgeService.migrations, clock: clock, directory: directory)
        events = EventBridgeService(
            store: temporary.store,
            aws: aws,
            clock: clock,
            logger: temporary.logger
        )
    }

    /// As a yard starts it.
    func start() async throws {
        try await events.start()
        await events.allHaveStarted()
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(events.operations[operation] ?? events.internalOperations[operation])
        return .object(try await handler(AWSRequest(Operation("events", operation), input, caller: caller)).output)
    }

    func create(_ name: String, _ kind: String, _ parameters: JSON) async throws -> JSON {
        try await call(
            "CreateConnection",
            ["Name": .string(name), "AuthorizationType": .string(kind), "AuthParameters": parameters]
        )
    }

    /// The connection's description once its state is another than `AUTHORIZING`.
    func settled(_ name: String) async throws -> JSON {
        while true {
            let described = try await call("DescribeConnection", ["Name": .string(name)])
            if described["ConnectionState"] != "AUTHORIZING" { return described }
            await Task.yield()
        }
    }

    func failure(_ operation: String, _ input: JSON.Object) async -> String {
        do {
            try await call(operation, input)
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}

private let basic: JSON = [
    "BasicAuthParameters": ["Username": "me", "Password": "hush"],
    "InvocationHttpParameters": [
        "HeaderParameters": [
            ["Key": "Open", "Value": "seen", "IsValueSecret": false],
            ["Key": "Closed", "Value": "unseen", "IsValueSecret": true],
        ]
    ],
]

@Suite struct ConnectionTests {
    @Test func `secrets are kept and never answered`() async throws {
        let fixture = try Fixture()
        let created = try await fixture.create("api", "BASIC", basic)
        #expect(created["ConnectionState"] == "AUTHORIZED")
        let arn = try #require(created["ConnectionArn"]?.stringValue)
        #expect(arn.hasPrefix("arn:aws:events:us-east-1:000000000000:connection/api/"))
        let described = try await fixture.call("DescribeConnection", ["Name": "api"])
        let text = described.serialized()
        #expect(!text.contains("hush") && !text.contains("unseen") && text.contains("seen"))
        #expect(described["AuthParameters"]?["BasicAuthParameters"] == ["Username": "me"])
        #expect(
            described["SecretArn"]?.stringValue?
                .hasPrefix("arn:aws:secretsmanager:us-east-1:000000000000:secret:events!connection/api/") == true
        )
        await fixture.temporary.store.close()
        let again = try Fixture(directory: fixture.temporary.directory)
        let credentials = try await again.call("RetrieveConnectionCredentials", ["ConnectionArn": .string(arn)])
        #expect(
            credentials["Headers"] == [
                ["Key": "Authorization", "Value": "Basic bWU6aHVzaA=="], ["Key": "Open", "Value": "seen"],
                ["Key": "Closed", "Value": "unseen"],
            ]
        )
    }

    @Test func `an update changes what it names`() async throws {
        let fixture = try Fixture()
        let arn = try await fixture.create("api", "BASIC", basic)["ConnectionArn"]
        try await fixture.call(
            "UpdateConnection",
            ["Name": "api", "AuthParameters": ["BasicAuthParameters": ["Password": "new"]]]
        )
        let changed = try await fixture.call("RetrieveConnectionCredentials", ["ConnectionArn": arn ?? .null])
        #expect(changed["Headers"]?[0]?["Value"] == "Basic bWU6bmV3")
        try await fixture.call(
            "UpdateConnection",
            [
                "Name": "api", "AuthorizationType": "API_KEY",
                "AuthParameters": ["ApiKeyAuthParameters": ["ApiKeyName": "X-Key", "ApiKeyValue": "k"]],
            ]
        )
        let described = try await fixture.call("DescribeConnection", ["Name": "api"])
        #expect(described["AuthParameters"]?["BasicAuthParameters"] == nil)
        #expect(described["AuthParameters"]?["ApiKeyAuthParameters"] == ["ApiKeyName": "X-Key"])
    }

    @Test func `a connection without authorization serves nobody`() async throws {
        let fixture = try Fixture()
        let arn = try #require(try await fixture.create("api", "BASIC", basic)["ConnectionArn"])
        let answer = try await fixture.call("DeauthorizeConnection", ["Name": "api"])
        #expect(answer["ConnectionState"] == "DEAUTHORIZING")
        #expect(
            await fixture.failure("RetrieveConnectionCredentials", ["ConnectionArn": arn])
                .hasPrefix("ConnectionResource.InvalidConnectionState")
        )
        try await fixture.call("DeleteConnection", ["Name": "api"])
        #expect(
            await fixture.failure("RetrieveConnectionCredentials", ["ConnectionArn": arn])
                .hasPrefix("ConnectionResource.ResourceNotFound")
        )
    }

    @Test func `connections are listed by name and page`() async throws {
        let fixture = try Fixture()
        for name in ["b", "a", "ab"] { _ = try await fixture.create(name, "BASIC", basic) }
        let first = try await fixture.call("ListConnections", ["Limit": 2])
        #expect(first["Connections"]?.arrayValue?.compactMap { $0["Name"]?.stringValue } == ["a", "ab"])
        let second = try await fixture.call("ListConnections", ["NextToken": first["NextToken"] ?? .null])
        #expect(second["Connections"]?.arrayValue?.compactMap { $0["Name"]?.stringValue } == ["b"])
        #expect(second["NextToken"] == nil)
        let named = try await fixture.call("ListConnections", ["NamePrefix": "a"])
        #expect(named["Connections"]?.arrayValue?.count == 2)
    }

    @Test(
        "What is wrong with a request is said",
        arguments: [
            (
                "DescribeConnection", #"{"Name":"x"}"#,
                "ResourceNotFoundException: Failed to describe the connection(s)."
            ),
            ("CreateConnection", #"{"Name":"api","AuthorizationType":"BASIC"}"#, "ValidationException: Parameter(s) "),
            (
                "CreateConnection",
                #"{"Name":"o","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":"#
                    + #"{"ClientParameters":{"ClientID":"c","ClientSecret":"s"},"HttpMethod":"POST","#
                    + #""AuthorizationEndpoint":"http://example.com/token"}}}"#,
                "ValidationException: Parameter(s) AuthParameters.OAuthParameters.AuthorizationEndpoint is not valid."
            ),
        ]
    )
    func refused(_ operation: String, _ input: String, _ message: String) async throws {
        let fixture = try Fixture()
        let failure = await fixture.failure(operation, try JSON(parsing: input).objectValue ?? [:])
        #expect(failure.hasPrefix(message))
    }

    @Test func `a token that cannot be had deauthorizes the connection`() async throws {
        let fixture = try Fixture()
        let created = try await fixture.create(
            "o",
            "OAUTH_CLIENT_CREDENTIALS",
            [
                "OAuthParameters": [
                    "ClientParameters": ["ClientID": "c", "ClientSecret": "s"], "HttpMethod": "POST",
                    "AuthorizationEndpoint": "http://127.0.0.1:1/token",
                ]
            ]
        )
        #expect(created["ConnectionState"] == "AUTHORIZING")
        let described = try await fixture.settled("o")
        #expect(described["ConnectionState"] == "DEAUTHORIZED")
        #expect(
            described["StateReason"]?.stringValue?.hasPrefix("The authorization endpoint cannot be reached") == true
        )
    }
}

@Suite struct OAuthTokenRequestTests {
    @Test func `the client goes by the basic scheme and the grant as a form`() throws {
        let request = try #require(
            OAuthTokenRequest([
                "ClientParameters": ["ClientID": "c", "ClientSecret": "s"], "HttpMethod": "POST",
                "AuthorizationEndpoint": "https://example.com/token",
                "OAuthHttpParameters": [
                    "QueryStringParameters": [["Key": "tenant", "Value": "a b"]],
                    "BodyParameters": [["Key": "scope", "Value": "read/all"]],
                ],
            ])
        ).outgoing
        #expect(request.url == "https://example.com/token?tenant=a%20b")
        #expect(request.body == "grant_type=client_credentials&scope=read%2Fall")
        #expect(request.headers.map(\.value) == ["Basic Yzpz", "application/x-www-form-urlencoded"])
    }
}
