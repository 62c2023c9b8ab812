import Foundation
import Testing

@testable import Archive

@Suite struct TarTests {
    @Test func `a directory goes into an archive and comes out again`() throws {
        let (source, target) = (try TemporaryDirectory(), try TemporaryDirectory())
        let long = String(repeating: "deep/", count: 40) + "file"
        try source.write("model_algo-1", noise(100_000))
        try source.write(long, [1, 2, 3])
        try source.write("empty", [])
        try FileManager.default.createSymbolicLink(atPath: source.path + "/link", withDestinationPath: "model_algo-1")
        let file = target.path + "/model.tar.gz"
        try TarGzip.create(directory: source.path, to: file)
        try TarGzip.extract(file: file, to: target.path + "/out")
        #expect(try target.read("out/model_algo-1") == noise(100_000))
        #expect(try target.read("out/link") == noise(100_000))
        #expect(try target.read("out/" + long) == [1, 2, 3])
        #expect(try target.read("out/empty").isEmpty)
        let again = target.path + "/again.tar.gz"
        try TarGzip.create(directory: source.path, to: again)
        #expect(try target.read("model.tar.gz") == target.read("again.tar.gz"))
    }

    @Test func `entries are read in their order from memory`() throws {
        let archive = try TarGzip.archive([("a", [1]), ("b", noise(1000)), ("c", [])])
        let reader = try TarReader(bytes: archive, isCompressed: true)
        #expect(try reader.next()?.path == "a")
        let second = try #require(try reader.next())
        #expect(second.path == "b" && second.size == 1000 && second.kind == .file && second.mode == 0o644)
        #expect(try reader.contents() == noise(1000))
        #expect(try reader.next()?.path == "c")
        #expect(try reader.next() == nil)
    }

    @Test(arguments: ["../evil", "/etc/evil", "a/../../evil"])
    func `an entry cannot leave the directory`(path: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("evil.tar.gz", TarGzip.archive([(path, [1])]))
        let error = #expect(throws: ArchiveError.self) {
            try TarGzip.extract(file: directory.path + "/evil.tar.gz", to: directory.path + "/out")
        }
        #expect(error?.code == .unsafePath)
    }

    @Test func `a cut or damaged archive is refused`() throws {
        let archive = try Gzip.decompress(TarGzip.archive([("a", noise(2000))]))
        for count in [100, 600, 2000] {
            #expect(throws: ArchiveError.self) {
                let reader = try TarReader(bytes: Array(archive[..<count]), isCompressed: false)
                while try reader.next() != nil {}
            }
        }
        var damaged = archive
        damaged[0] = UInt8(ascii: "z")
        #expect(throws: ArchiveError.self) { try TarReader(bytes: damaged, isCompressed: false).next() }
    }
}

@Suite struct GzipTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 1_000_000])
    func `what was compressed comes back`(size: Int) throws {
        #expect(try Gzip.decompress(Gzip.compress(noise(size))) == noise(size))
    }

    @Test func `members one after another are one text`() throws {
        let members = try Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try Gzip.decompress(members) == Array("one two".utf8))
    }

    @Test func `a limit, damage and truncation are errors`() throws {
        let compressed = try Gzip.compress([UInt8](repeating: 0, count: 1 << 20))
        let limited = #expect(throws: ArchiveError.self) { try Gzip.decompress(compressed, limit: 1000) }
        #expect(limited?.code == .limitExceeded)
        let cut = #expect(throws: ArchiveError.self) { try Gzip.decompress(Array(compressed.dropLast(9))) }
        #expect(cut?.code == .truncated)
        var damaged = compressed
        damaged[damaged.count - 6] ^= 1
        let wrong = #expect(throws: ArchiveError.self) { try Gzip.decompress(damaged) }
        #expect(wrong?.code == .malformed)
    }

    @Test func `files are streamed`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("in", noise(700_000))
        try Gzip.compress(fileAt: directory.path + "/in", to: directory.path + "/in.gz")
        try Gzip.decompress(fileAt: directory.path + "/in.gz", to: directory.path + "/out")
        #expect(try directory.read("out") == noise(700_000))
    }
}
