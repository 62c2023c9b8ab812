import Compute
import Foundation
import JSON
import Testing

@testable import Lambda

private let hasNode = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/node")
}

@Suite(.enabled(if: hasNode, "Node.js is not installed")) struct NodeTests {
    private func answer(_ file: String, _ source: String, _ event: String = "{}") async throws -> Fixture.Answer {
        var answer: Fixture.Answer?
        try await Fixture.run { fixture in
            try await fixture.create(
                "",
                [
                    "Runtime": "nodejs20.x", "Handler": "index.handler", "Timeout": 30,
                    "Code": ["ZipFile": try Fixture.zip([file: source])],
                ]
            )
            answer = try await fixture.invoke(event, ["LogType": "Tail"])
        }
        return try #require(answer)
    }

    @Test(arguments: [
        ("index.mjs", "export const handler = async (event) => ({ twice: event.x * 2 });"),
        ("index.js", "exports.handler = async (event) => ({ twice: event.x * 2 });"),
        ("index.js", "exports.handler = (event, context, callback) => callback(null, { twice: event.x * 2 });"),
    ])
    func `modules and callbacks answer`(file: String, source: String) async throws {
        let answer = try await answer(file, source, #"{"x": 21}"#)
        #expect(answer.json == ["twice": 42])
    }

    @Test func `errors have a type, a message and a trace`() async throws {
        let answer = try await answer("index.js", "exports.handler = async () => { throw new TypeError('bad'); };")
        #expect(answer.error == "Unhandled")
        #expect(answer.json["errorType"] == "TypeError")
        #expect(answer.json["errorMessage"] == "bad")
        #expect(answer.json["trace"]?[0] == "TypeError: bad")
    }

    @Test func `a handler that is not there is named`() async throws {
        let answer = try await answer("index.js", "exports.other = 1;")
        #expect(answer.json["errorType"] == "Runtime.HandlerNotFound")
        #expect(answer.json["errorMessage"] == "index.handler is undefined or not exported")
    }

    @Test func `what is printed is logged with AWS's columns`() async throws {
        let answer = try await answer("index.js", "exports.handler = async () => { console.log('hello'); };")
        #expect(answer.payload == "null")
        #expect(answer.log.contains("\tINFO\thello\n"))
    }
}
