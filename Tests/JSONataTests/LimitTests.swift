import JSON
import JSONata
import Synchronization
import Testing

@Suite struct `Limits` {
    private static func code(of expression: String) -> String? {
        do {
            _ = try JSONata(expression).evaluate()
            return nil
        } catch {
            return error.code
        }
    }

    static let tooMuch = [
        "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
        String(repeating: "(", count: 20_000),
        String(repeating: "-", count: 20_000) + "1",
        "1" + String(repeating: "+1", count: 20_000),
        "a" + String(repeating: ".a", count: 20_000),
        "a" + String(repeating: "[1]", count: 20_000),
        String(repeating: "[", count: 20_000),
        String(repeating: "a ? b : ", count: 20_000),
        "$contains('a', /" + String(repeating: "(", count: 120) + "/)",
        "($f := function($n) { $map([$n], $f) }; $f(0))",
    ]

    @Test(arguments: tooMuch.indices)
    func `endless nesting fails and does not crash`(_ index: Int) {
        #expect(Self.code(of: Self.tooMuch[index]) != nil)
    }

    @Test func `calls in tail position do not nest`() throws {
        let program = try JSONata("($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(20000))")
        #expect(try program.evaluate() == .value("done"))
    }

    @Test func `an endless loop stops when it must`() throws {
        let asked = Mutex(0)
        let environment = JSONataEnvironment(mustStop: {
            asked.withLock { count in
                count += 1
                return count > 10
            }
        })
        let program = try JSONata("($f := function() { $f() }; $f())")
        #expect(throws: JSONataError.self) { try program.evaluate(environment: environment) }
    }
}
