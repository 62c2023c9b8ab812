import AWSProtocol
import JSON
import NIOCore
import OutgoingHTTP
import StatesLanguage
import Testing

@testable import StepFunctions

private let arn = "arn:aws:events:us-east-1:000000000000:connection/c/1"

/// A task's parameters with some of their own.
private func parameters(_ more: String) throws -> HTTPTaskParameters {
    let usual: JSON.Object = [
        "ApiEndpoint": "https://example.com/path", "Method": "POST",
        "InvocationConfig": ["ConnectionArn": .string(arn)],
    ]
    return try HTTPTaskParameters(.object(usual.merging(JSON(parsing: "{\(more)}").objectValue ?? [:])))
}

@Suite struct HTTPTaskParametersTests {
    /// AWS's own example of merging.
    @Test func `the connection's values stand where both have a key`() throws {
        let task = try parameters(
            #""Headers":{"Request-Id":"my_request_id","Header-Param":"state_machine_header_param"},"#
                + #""RequestBody":{"Job":"Software Engineer","Company":"AnyCompany","BodyParam":"state_machine_body_param"},"#
                + #""QueryParameters":{"QueryParam":"state_machine_query_param"}"#
        )
        let credentials = ConnectionCredentials([
            "Headers": [
                ["Key": "ApiKey", "Value": "key_value"], ["Key": "Header-Param", "Value": "connection_header_param"],
            ],
            "QueryStringParameters": [["Key": "QueryParam", "Value": "connection_query_param"]],
            "BodyParameters": [["Key": "BodyParam", "Value": "connection_body_param"]],
        ])
        let request = try task.request(adding: credentials, for: caller)
        #expect(request.url == "https://example.com/path?QueryParam=connection_query_param")
        #expect(
            request.body == #"{"Job":"Software Engineer","Company":"AnyCompany","BodyParam":"connection_body_param"}"#
        )
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "Request-Id: my_request_id", "ApiKey: key_value", "Header-Param: connection_header_param",
                "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1", "Range: bytes=0-262144",
            ]
        )
        let shown = try task.request(adding: nil, for: caller)
        #expect(!"\(shown)".contains("connection_") && !"\(shown)".contains("key_value"))
    }

    @Test(
        "Arrays in forms",
        arguments: [
            ("INDICES", "array%5B0%5D=a&array%5B1%5D=b%20c&map%5Bk%5D=1&on=true"),
            ("REPEAT", "array=a&array=b%20c&map%5Bk%5D=1&on=true"),
            ("COMMAS", "array=a%2Cb%20c&map%5Bk%5D=1&on=true"),
            ("BRACKETS", "array%5B%5D=a&array%5B%5D=b%20c&map%5Bk%5D=1&on=true"),
        ]
    )
    func forms(_ format: String, _ expected: String) throws {
        let task = try parameters(
            #""RequestBody":{"array":["a","b c"],"map":{"k":1},"on":true,"off":null},"Transform":"#
                + #"{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"\#(format)"}}"#
        )
        #expect(try task.request(adding: nil, for: caller).body == expected)
    }

    @Test(
        "What AWS refuses",
        arguments: [
            (#""Headers":{"Authorization":"x"}"#, "The header 'Authorization' is not supported"),
            (#""Headers":{"X-Amzn-Trace-Id":"x"}"#, "The header 'X-Amzn-Trace-Id' is not supported"),
            (#""Headers":{"A":"x\r\nB: y"}"#, "The header 'A' has characters"),
            (#""Method":"TRACE""#, "The field 'Method' must be one of"),
            (#""ApiEndpoint":"http://example.com/""#, "The field 'ApiEndpoint' must be an HTTPS URL"),
            (#""ApiEndpoint":"https://user@example.com/""#, "The field 'ApiEndpoint' must be an HTTPS URL"),
            (#""Transform":{"RequestBodyEncoding":"XML"}"#, "The field 'RequestBodyEncoding' must be NONE or"),
        ]
    )
    func refused(_ more: String, _ cause: String) throws {
        let failure = #expect(throws: TaskFailure.self) { try parameters(more) }
        #expect(failure?.error == "States.Runtime")
        #expect(failure?.cause?.hasPrefix(cause) == true)
    }

    @Test func `a text cannot be merged with a connection's body`() throws {
        let credentials = ConnectionCredentials(["BodyParameters": [["Key": "a", "Value": "b"]]])
        let failure = #expect(throws: TaskFailure.self) {
            try parameters(#""RequestBody":"text""#).request(adding: credentials, for: caller)
        }
        #expect(failure?.error == "States.Runtime")
    }
}

@Suite struct HTTPTaskResultTests {
    private func result(_ status: Int, _ type: String, _ body: [UInt8]) -> HTTPTaskResult {
        let answer = OutgoingAnswer(
            status: status,
            reason: "Reason",
            headers: [("Content-Type", type), ("Set-Cookie", "a"), ("Set-Cookie", "b")],
            body: ByteBuffer(bytes: body)
        )
        return HTTPTaskResult(answer)
    }

    @Test func `JSON is handed on as JSON and all else as text`() throws {
        let json = try result(200, "application/json; charset=utf-8", Array(#"{"a":[1]}"#.utf8)).output().value
        #expect(json["ResponseBody"] == ["a": [1]])
        #expect(json["Headers"]?["set-cookie"] == ["a", "b"])
        #expect(json["StatusCode"] == 200)
        #expect(json["StatusText"] == "Reason")
        let text = try result(201, "text/plain", Array(#"{"a":1}"#.utf8)).output().value
        #expect(text["ResponseBody"] == #"{"a":1}"#)
        #expect(try result(204, "text/plain", []).output().value["ResponseBody"] == nil)
    }

    @Test func `a status that is no success names the error`() {
        let failure = #expect(throws: TaskFailure.self) { try result(429, "text/plain", Array("busy".utf8)).output() }
        #expect(failure?.error == "States.Http.StatusCode.429")
        #expect(failure?.cause == "busy")
    }

    @Test(arguments: [("image/png", [UInt8](1...3)), ("application/octet-stream", [65]), ("text/plain", [0xFF, 0xFE])])
    func `what is no text fails`(_ type: String, _ body: [UInt8]) {
        let failure = #expect(throws: TaskFailure.self) { try result(200, type, body).output() }
        #expect(failure?.error == "States.Runtime")
    }
}
