import Testing

@testable import Yard

@Suite struct QuietTests {
    @Test func `Acts when requests cease, and again after further ones`() async {
        let (actions, action) = AsyncStream.makeStream(of: Void.self)
        let quiet = Quiet(after: .milliseconds(1)) { action.yield() }
        var seen = actions.makeAsyncIterator()
        for _ in 0..<100 { quiet.disturb() }
        await seen.next()
        quiet.disturb()
        await seen.next()
    }
}
