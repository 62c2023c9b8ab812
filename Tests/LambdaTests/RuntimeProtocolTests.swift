import AWSProtocol
import NIOHTTP1
import Testing

@testable import Lambda

@Suite struct RuntimeProtocolTests {
    @Test(arguments: [
        ("GET", "/2018-06-01/runtime/invocation/next", RuntimeProtocol.Request.next),
        ("POST", "/2018-06-01/runtime/invocation/abc/response", .response(requestID: "abc")),
        ("POST", "/2018-06-01/runtime/invocation/abc/error", .error(requestID: "abc")),
        ("POST", "/2018-06-01/runtime/init/error", .initializationError),
        ("POST", "/2018-06-01/runtime/invocation/next", nil),
        ("GET", "/2018-06-01/runtime/invocation/abc/response", nil),
        ("GET", "/", nil),
        ("GET", "/2015-03-31/runtime/invocation/next", nil),
    ])
    func `requests are known by method and path`(method: String, path: String, expected: RuntimeProtocol.Request?) {
        #expect(RuntimeProtocol.request(HTTPMethod(rawValue: method), path) == expected)
    }

    @Test func `only the invocation under way can be answered`() {
        var runtime = RuntimeProtocol()
        let early = runtime.handOut(requestID: "1")
        let isFirst = runtime.ask()
        let isHandedOut = runtime.handOut(requestID: "1")
        #expect(!early && isFirst && isHandedOut)
        #expect(runtime.reply(to: "2") == .invalidRequestID)
        #expect(runtime.reply(to: "1") == .accepted)
        let isFirstAgain = runtime.ask()
        #expect(!isFirstAgain)
        #expect(runtime.reply(to: "1") == .invalidRequestID)
        runtime.end()
        let late = runtime.handOut(requestID: "3")
        #expect(!late)
    }
}
