import AWSProtocol
import JSON
import OutgoingHTTP
import Testing

@testable import EventBridge

@Suite struct DestinationTests {
    private func create(_ fixture: Fixture) async throws -> JSON {
        let connection = try await fixture.create(
            "c",
            "API_KEY",
            ["ApiKeyAuthParameters": ["ApiKeyName": "X-Key", "ApiKeyValue": "k"]]
        )
        return try await fixture.call(
            "CreateApiDestination",
            [
                "Name": "d", "ConnectionArn": connection["ConnectionArn"] ?? "", "HttpMethod": "POST",
                "InvocationEndpoint": "https://example.com/*/orders/*",
            ]
        )
    }

    @Test func `a destination is made, described, changed and removed`() async throws {
        let fixture = try Fixture()
        let made = try await create(fixture)
        #expect(made["ApiDestinationState"] == "ACTIVE")
        #expect(
            made["ApiDestinationArn"]?.stringValue?.hasPrefix(
                "arn:aws:events:us-east-1:000000000000:api-destination/d/"
            )
                == true
        )
        try await fixture.call("UpdateApiDestination", ["Name": "d", "HttpMethod": "PUT", "Description": "x"])
        let described = try await fixture.call("DescribeApiDestination", ["Name": "d"])
        #expect(described["HttpMethod"] == "PUT" && described["Description"] == "x")
        #expect(described["InvocationRateLimitPerSecond"] == 300)
        #expect(try await fixture.call("ListApiDestinations")["ApiDestinations"]?[0]?["Name"] == "d")
        try await fixture.call("DeleteApiDestination", ["Name": "d"])
        #expect(
            await fixture.failure("DescribeApiDestination", ["Name": "d"])
                == "ResourceNotFoundException: An api-destination 'd' does not exist."
        )
    }

    @Test func `a destination needs a connection and a safe address`() async throws {
        let fixture = try Fixture()
        _ = try await create(fixture)
        let nobody: JSON = "arn:aws:events:us-east-1:000000000000:connection/no/1"
        #expect(
            await fixture.failure("UpdateApiDestination", ["Name": "d", "ConnectionArn": nobody])
                .hasPrefix("ResourceNotFoundException")
        )
        #expect(
            await fixture.failure("UpdateApiDestination", ["Name": "d", "InvocationEndpoint": "http://example.com"])
                .hasPrefix("ValidationException")
        )
    }

    @Test func `a call has what the target and the connection give`() throws {
        let destination = Destination(
            account: "",
            region: "",
            name: "d",
            id: "1",
            connection: "",
            endpoint: "https://example.com/*/orders/*?v=1",
            method: "POST",
            created: 0,
            modified: 0
        )
        let parameters: JSON = [
            "PathParameterValues": ["a b", "2"], "HeaderParameters": ["X-Own": "1", "x-key": "mine"],
            "QueryStringParameters": ["q": "x&y"],
        ]
        let added: JSON = [
            "Headers": [["Key": "X-Key", "Value": "k"]], "QueryStringParameters": [["Key": "z", "Value": "1"]],
            "BodyParameters": [["Key": "token", "Value": "t"]],
        ]
        let request = DestinationCall(destination, parameters, input: #"{"n":1}"#, adding: added).request
        #expect(request.url == "https://example.com/a%20b/orders/2?v=1&q=x%26y&z=1")
        #expect(request.body == #"{"n":1,"token":"t"}"#)
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "X-Own: 1", "X-Key: k", "Content-Type: application/json; charset=utf-8",
                "User-Agent: Amazon/EventBridge/ApiDestinations",
            ]
        )
    }

    @Test(arguments: [(200, false), (400, false), (401, true), (404, false), (409, true), (429, true), (503, true)])
    func `some answers are worth another attempt`(status: Int, isPassing: Bool) {
        #expect(DestinationCall.isPassing(status) == isPassing)
    }
}
