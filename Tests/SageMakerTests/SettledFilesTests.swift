import Foundation
import Testing

@testable import SageMaker

@Suite struct SettledFilesTests {
    private let directory = NSTemporaryDirectory() + "/settled-" + UUID().uuidString
    private var root: String { directory + "/files" }

    private func write(_ text: String, to name: String = "latest", atomically: Bool = true) throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try text.write(toFile: "\(root)/\(name)", atomically: atomically, encoding: .utf8)
    }

    private func look(_ files: inout SettledFiles) throws -> [String] {
        let texts = try files.look().map { try String(contentsOfFile: $0.source, encoding: .utf8) }
        try files.hold()
        return texts
    }

    @Test func `a file is whole once it has stayed as it is`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("one")
        var files = SettledFiles(below: root, holding: directory + "/held")
        #expect(try look(&files) == [])
        #expect(try look(&files) == ["one"])
    }

    @Test func `what is replaced before every look is whole as it was`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var files = SettledFiles(below: root, holding: directory + "/held")
        var seen: [[String]] = []
        for number in 1...4 {
            try write("version \(number)")
            seen.append(try look(&files))
        }
        #expect(seen == [[], ["version 1"], ["version 2"], ["version 3"]])
        files.releaseAll()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["files"])
    }

    @Test func `what is being written is not whole`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var files = SettledFiles(below: root, holding: directory + "/held")
        for number in 1...3 {
            try write(String(repeating: "x", count: number), atomically: false)
            #expect(try look(&files) == [])
        }
    }

    @Test func `what has been removed is given up`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write("one")
        var files = SettledFiles(below: root, holding: directory + "/held")
        #expect(try look(&files) == [])
        try FileManager.default.removeItem(atPath: root + "/latest")
        #expect(try look(&files) == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/held") == [])
    }
}
