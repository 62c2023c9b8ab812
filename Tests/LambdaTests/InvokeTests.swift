import AWSProtocol
import Compute
import Foundation
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import Lambda

@Suite struct InvokeTests {
    @Test func `a handler gets the event and its answer comes back`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(
                "def handler(event, context):\n    return {'got': event, 'name': context.function_name}\n"
            )
            let answer = try await fixture.invoke(#"{"x": [1, "é"]}"#)
            #expect(answer.error == nil)
            #expect(answer.version == "$LATEST")
            #expect(answer.json == ["got": ["x": [1, "é"]], "name": "f"])
        }
    }

    @Test func `an environment stays warm and its log has AWS's lines`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(
                """
                count = 0
                def handler(event, context):
                    global count
                    count += 1
                    print('call', count)
                    return count
                """
            )
            #expect(try await fixture.invoke().payload == "1")
            let answer = try await fixture.invoke("{}", ["LogType": "Tail"])
            #expect(answer.payload == "2")
            let lines = answer.log.split(separator: "\n").map { $0.split(separator: " ")[0] }
            #expect(lines == ["START", "call", "END", "REPORT"])
            await fixture.service.shutdown()
            let puts = fixture.aws.requests(of: "logs:PutLogEvents")
            let events = puts.flatMap { $0.input["logEvents"]?.arrayValue ?? [] }
            #expect(
                events.compactMap { $0["message"]?.stringValue }.filter { $0.hasPrefix("call") } == [
                    "call 1", "call 2",
                ]
            )
            #expect(puts.first?.string("logGroupName") == "/aws/lambda/f")
        }
    }

    static let failures: [(source: String, expected: JSON)] = [
        (
            "def handler(event, context):\n    raise ValueError('no good')\n",
            ["errorMessage": "no good", "errorType": "ValueError"]
        ),
        (
            "import nowhere\n",
            [
                "errorMessage": "Unable to import module 'app': No module named 'nowhere'",
                "errorType": "Runtime.ImportModuleError",
            ]
        ),
        (
            "def other(event, context): pass\n",
            ["errorMessage": "Handler 'handler' missing on module 'app'", "errorType": "Runtime.HandlerNotFound"]
        ),
        (
            "def handler(:\n",
            [
                "errorMessage": "Syntax error in module 'app': invalid syntax (app.py, line 1)",
                "errorType": "Runtime.UserCodeSyntaxError",
            ]
        ),
        (
            "def handler(event, context):\n    return {1, 2}\n",
            [
                "errorMessage": "Unable to marshal response: Object of type set is not JSON serializable",
                "errorType": "Runtime.MarshalError",
            ]
        ),
    ]

    @Test(arguments: failures)
    func `errors are shaped as AWS shapes them`(source: String, expected: JSON) async throws {
        try await Fixture.run { fixture in
            try await fixture.create(source)
            let answer = try await fixture.invoke()
            #expect(answer.error == "Unhandled")
            #expect(answer.json["errorType"] == expected["errorType"])
            #expect(answer.json["errorMessage"] == expected["errorMessage"])
            #expect(answer.json["stackTrace"]?.arrayValue != nil)
        }
    }

    @Test func `a handler that exits ends its environment, and the next call gets a new one`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(
                """
                import os
                def handler(event, context):
                    if event.get('die'):
                        os._exit(event['die'])
                    return 'alive'
                """
            )
            let answer = try await fixture.invoke(#"{"die": 3}"#)
            #expect(answer.error == "Unhandled")
            #expect(answer.json["errorType"] == "Runtime.ExitError")
            #expect(
                answer.json["errorMessage"]?.stringValue?.hasSuffix("Error: Runtime exited with error: exit status 3")
                    == true
            )
            #expect(try await fixture.invoke().payload == "\"alive\"")
        }
    }

    @Test func `a handler that takes too long is ended at its time`() async throws {
        let clock = ManualClock()
        try await Fixture.run(clock: clock) { fixture in
            try await fixture.create("import time\ndef handler(event, context):\n    time.sleep(600)\n", ["Timeout": 3])
            async let pending = fixture.invoke("{}", ["LogType": "Tail"])
            await clock.sleepers()
            clock.advance(by: .seconds(13))
            let answer = try await pending
            #expect(answer.error == "Unhandled")
            #expect(answer.json["errorType"] == "Sandbox.Timedout")
            #expect(
                answer.json["errorMessage"]?.stringValue?.hasSuffix("Error: Task timed out after 3.00 seconds") == true
            )
            #expect(answer.log.contains("Task timed out after 3.00 seconds"))
        }
    }

    @Test func `ten megabytes of output neither hang nor hide the answer`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(
                "def handler(event, context):\n    print(('x' * 99 + '\\n') * 100_000)\n    return 'done'\n",
                ["Timeout": 60]
            )
            let answer = try await fixture.invoke("{}", ["LogType": "Tail"])
            #expect(answer.payload == "\"done\"")
            #expect(answer.log.utf8.count == 4096)
        }
    }

    @Test func `an answer of more than six megabytes is the function's error`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create("def handler(event, context):\n    return 'x' * 7_000_000\n", ["Timeout": 60])
            let answer = try await fixture.invoke()
            #expect(answer.json["errorType"] == "Function.ResponseSizeTooLarge")
            #expect(
                answer.json["errorMessage"]
                    == "Response payload size (7000002 bytes) exceeded maximum allowed payload size (6291556 bytes)."
            )
        }
    }

    @Test func `more memory than configured ends the process`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create(
                "import time\ndef handler(event, context):\n    x = b'1' * 400_000_000\n    time.sleep(600)\n",
                ["Timeout": 60]
            )
            let answer = try await fixture.invoke("{}", ["LogType": "Tail"])
            #expect(
                answer.json["errorMessage"]?.stringValue?.hasSuffix("Runtime exited with error: signal: killed") == true
            )
            #expect(answer.log.contains("Memory Size: 128 MB\tMax Memory Used: 128 MB"))
        }
    }

    @Test func `the function sees its variables, its role's credentials and nothing of the yard's`() async throws {
        try await Fixture.run { fixture in
            fixture.host.endpoint = "http://127.0.0.1:4999"
            try await fixture.create(
                "import os\ndef handler(event, context):\n    return dict(os.environ)\n",
                ["Environment": ["Variables": ["MODE": "fast"]]]
            )
            let variables = try await fixture.invoke().json
            #expect(variables["MODE"] == "fast")
            #expect(variables["AWS_ACCESS_KEY_ID"] == "ASIATEST")
            #expect(variables["AWS_SESSION_TOKEN"] == "token")
            #expect(variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4999")
            #expect(variables["AWS_REGION"] == "us-east-1")
            #expect(variables["_HANDLER"] == "app.handler")
            #expect(variables["TRAINYARD_EVENT_END"] == nil)
            #expect(variables["LAMBDA_TASK_ROOT"] != nil)
        }
    }

    @Test func `new code answers the next call`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create("def handler(event, context):\n    return 1\n")
            #expect(try await fixture.invoke().payload == "1")
            let zip = try Fixture.zip(["app.py": "def handler(event, context):\n    return 2\n"])
            try await fixture.call("UpdateFunctionCode", ["FunctionName": "f", "ZipFile": zip])
            #expect(try await fixture.invoke().payload == "2")
        }
    }

    @Test func `a program of one's own speaks the Runtime API`() async throws {
        let bootstrap = """
            #!/bin/sh
            api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
            while :; do
                event=$(curl -sS -D /tmp/headers "$api/next")
                id=$(tr -d '\\r' < /tmp/headers | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
                curl -sS -o /dev/null -d "{\\"echo\\": $event}" "$api/$id/response"
            done
            """
        try await Fixture.run { fixture in
            try await fixture.call(
                "CreateFunction",
                [
                    "FunctionName": "f", "Runtime": "provided.al2023", "Role": Fixture.role, "Handler": "none",
                    "Code": ["ZipFile": try Fixture.zip(["bootstrap": bootstrap], mode: 0o755)], "Timeout": 30,
                ]
            )
            #expect(try await fixture.invoke("[1]").json == ["echo": [1]])
            #expect(try await fixture.invoke("[2]").json == ["echo": [2]])
        }
    }

    @Test func `dry runs, bad payloads and functions that are not there`() async throws {
        try await Fixture.run { fixture in
            try await fixture.create("def handler(event, context):\n    return 1\n")
            let dry = try await fixture.call("Invoke", ["FunctionName": "f", "InvocationType": "DryRun"])
            #expect(dry.status == 204)
            let malformed = await fixture.failure("Invoke", ["FunctionName": "f"], body: Body("{"))
            #expect(malformed?.code == "InvalidRequestContentException")
            let missing = await fixture.failure("Invoke", ["FunctionName": "g"])
            #expect(missing?.message == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST")
            #expect(missing?.status == 404)
            let large = await fixture.failure(
                "Invoke",
                ["FunctionName": "f"],
                body: Body(String(repeating: "1", count: 6_291_457))
            )
            #expect(large?.status == 413)
        }
    }
}
