import Foundation
import JSON
import JSONata
import Synchronization
import Testing

/// JSONata's own test suite, where it lies beside the checkout: the count of cases that pass may only rise.
@Suite struct `The official suite` {
    /// Of 1,346.
    static let passing = 1346

    static let directory: String = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.appendingPathComponent("shared/conformance/jsonata").path
    }()

    static var isThere: Bool { FileManager.default.fileExists(atPath: directory + "/groups") }

    @Test(.enabled(if: isThere, "the suite is not at ../shared/conformance/jsonata"))
    func `passes at least as far as before`() throws {
        let datasets = try Self.files(in: "datasets").mapValues(Self.read)
        var passed = 0
        var failures: [String] = []
        for (_, path) in try Self.files(in: "groups").sorted(by: { $0.key < $1.key }) {
            for test in try Self.read(path).arrayValue ?? [] {
                if let failure = Self.failure(of: test, datasets) {
                    failures.append("\(test["id"]?.stringValue ?? "?"): \(failure)")
                } else {
                    passed += 1
                }
            }
        }
        #expect(passed >= Self.passing, "\(passed) passed; \(failures.joined(separator: "\n"))")
    }

    private static func files(in folder: String) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(folder)")
        return Dictionary(
            uniqueKeysWithValues: names.filter { $0.hasSuffix(".json") }
                .map { (String($0.dropLast(5)), "\(directory)/\(folder)/\($0)") }
        )
    }

    private static func read(_ path: String) throws -> JSON {
        try JSON(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    }

    /// Why a case fails; nil where it passes.
    private static func failure(of test: JSON, _ datasets: [String: JSON]) -> String? {
        let expression = test["expr"]?.stringValue ?? ""
        let input = test["dataset"]?.stringValue.flatMap { datasets[$0] } ?? test["data"]
        do {
            let outcome = try JSONata(expression)
                .evaluate(input, bindings: bindings(test), environment: environment(test))
            return mismatch(outcome, test)
        } catch {
            let code = test["code"]?.stringValue ?? test["error"]?["code"]?.stringValue
            let token = test["token"]?.stringValue ?? test["error"]?["token"]?.stringValue
            let message = test["error"]?["message"]?.stringValue
            guard error.code == code else { return "threw \(error)" }
            guard token == nil || token == error.token else { return "threw with token \(error.token ?? "")" }
            return message == nil || message == error.message ? nil : "said \(error.message)"
        }
    }

    private static func bindings(_ test: JSON) -> [String: JSON] {
        Dictionary((test["bindings"]?.objectValue ?? [:]).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    private static func environment(_ test: JSON) -> JSONataEnvironment {
        var environment = JSONataEnvironment()
        environment.milliseconds = Int64(Date().timeIntervalSince1970 * 1000)
        if let depth = test["depth"]?.intValue { environment.maximumDepth = depth }
        if let limit = test["timelimit"]?.intValue {
            let start = ContinuousClock.now
            environment.mustStop = { start.duration(to: .now) > .milliseconds(limit) }
        }
        return environment
    }

    private static func mismatch(_ outcome: JSONata.Outcome, _ test: JSON) -> String? {
        if test["undefinedResult"] != nil { return outcome == .undefined ? nil : "gave \(outcome)" }
        guard let expected = test["result"] else { return "gave \(outcome) instead of an error" }
        guard case .value(let value) = outcome else { return "gave \(outcome)" }
        if value == expected { return nil }
        if test["unordered"]?.boolValue == true, let elements = value.arrayValue, let others = expected.arrayValue,
            elements.count == others.count, Set(elements) == Set(others)
        {
            return nil
        }
        return "gave \(value.serialized().prefix(300)), not \(expected.serialized().prefix(300))"
    }
}
