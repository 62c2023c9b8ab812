import Foundation
import Testing

@testable import Archive

@Suite struct ZipTests {
    @Test(arguments: [0, 1, 100, 65_536, 300_000])
    func `what was written is read`(size: Int) throws {
        var writer = ZipWriter()
        try writer.addFile("stored", noise(size), method: .stored)
        try writer.addFile("folder/deflated.py", noise(size), mode: 0o755)
        try writer.addDirectory("empty")
        try writer.addSymlink("link", target: "folder/deflated.py")
        let reader = try ZipReader(bytes: writer.finish())
        #expect(reader.entries.map(\.path) == ["stored", "folder/deflated.py", "empty/", "link"])
        #expect(reader.entries.map(\.isDirectory) == [false, false, true, false])
        #expect(reader.entries.map(\.isSymlink) == [false, false, false, true])
        #expect(reader.entries[1].mode == 0o755)
        #expect(try reader.contents(of: "stored") == noise(size))
        #expect(try reader.contents(of: "folder/deflated.py") == noise(size))
    }

    @Test func `equal entries give equal bytes`() throws {
        let archives = try (0..<2).map { _ in
            var writer = ZipWriter()
            try writer.addFile("a.py", Array("print(1)".utf8))
            return try writer.finish()
        }
        #expect(archives[0] == archives[1])
    }

    @Test func `a directory goes into a file and comes out again`() throws {
        let (source, target) = (try TemporaryDirectory(), try TemporaryDirectory())
        try source.write("package/handler.py", noise(200_000))
        try source.write("bootstrap", noise(10))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: source.path + "/bootstrap")
        let file = target.path + "/function.zip"
        var writer = try ZipWriter(path: file)
        try writer.addContents(ofDirectory: source.path)
        try writer.finish()
        try ZipReader(path: file).extract(to: target.path + "/out")
        #expect(try target.read("out/package/handler.py") == noise(200_000))
        #expect(try target.permissions("out/bootstrap") == 0o755)
    }

    @Test(arguments: ["../evil", "/etc/evil", "a/../../evil"])
    func `an entry cannot leave the directory`(path: String) throws {
        var writer = ZipWriter()
        try writer.addFile(path, [1])
        let reader = try ZipReader(bytes: writer.finish())
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ArchiveError.self) { try reader.extract(to: directory.path) }
        #expect(error?.code == .unsafePath)
    }

    @Test(arguments: [("link", "/etc"), ("link", ".."), ("a/link", "../.."), ("link", "a/../..")])
    func `a link cannot leave the directory`(path: String, target: String) throws {
        var writer = ZipWriter()
        try writer.addSymlink(path, target: target)
        let reader = try ZipReader(bytes: writer.finish())
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ArchiveError.self) { try reader.extract(to: directory.path) }
        #expect(error?.code == .unsafePath)
    }

    @Test func `nothing is written through a link`() throws {
        var writer = ZipWriter()
        try writer.addDirectory("real")
        try writer.addSymlink("link", target: "real")
        try writer.addFile("link/file", [1])
        let reader = try ZipReader(bytes: writer.finish())
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ArchiveError.self) { try reader.extract(to: directory.path) }
        #expect(error?.code == .unsafePath)
    }

    @Test func `limits hold`() throws {
        var writer = ZipWriter()
        try writer.addFile("zeros", [UInt8](repeating: 0, count: 1 << 20))
        try writer.addFile("more", [1])
        let reader = try ZipReader(bytes: writer.finish())
        for limits in [ExtractionLimits(totalSize: 1 << 20), ExtractionLimits(entryCount: 1)] {
            let directory = try TemporaryDirectory()
            let error = #expect(throws: ArchiveError.self) { try reader.extract(to: directory.path, limits: limits) }
            #expect(error?.code == .limitExceeded)
        }
    }

    @Test func `damage is seen wherever it is`() throws {
        var writer = ZipWriter()
        try writer.addFile("data", noise(500), method: .stored)
        let archive = try writer.finish()
        for index in archive.indices {
            var damaged = archive
            damaged[index] ^= 0xFF
            guard let reader = try? ZipReader(bytes: damaged), let entry = reader.entries.first else { continue }
            if let contents = try? reader.contents(of: entry) { #expect(contents == noise(500)) }
        }
        for count in 0..<archive.count {
            #expect(throws: ArchiveError.self) { try ZipReader(bytes: Array(archive[..<count])) }
        }
        #expect(throws: ArchiveError.self) {
            var damaged = archive
            damaged[60] ^= 1
            _ = try ZipReader(bytes: damaged).contents(of: "data")
        }
    }

    @Test func `an encrypted entry is refused`() throws {
        var writer = ZipWriter()
        try writer.addFile("x", [1], method: .stored)
        var archive = try writer.finish()
        let directory = try #require((0..<archive.count - 4).first { archive.littleEndian32(at: $0) == 0x0201_4B50 })
        archive[directory + 8] |= 1
        let reader = try ZipReader(bytes: archive)
        let error = #expect(throws: ArchiveError.self) { try reader.contents(of: "x") }
        #expect(error?.code == .unsupported)
    }

    @Test func `an archive of Python's zipfile with zip64 sizes is read`() throws {
        // zipfile.ZipFile.open("a", "w", force_zip64=True) writing b"hello".
        var local: [UInt8] = []
        local.append32(0x0403_4B50)
        for value in [45, 0, 0, 0, 0x21] { local.append16(value) }
        local.append32(0x3610_A686)
        local.append32(0xFFFF_FFFF)
        local.append32(0xFFFF_FFFF)
        local.append16(1)
        local.append16(20)
        local += Array("a".utf8)
        let sizes: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]
        local += [1, 0, 16, 0] + sizes + Array("hello".utf8)
        var directory: [UInt8] = []
        directory.append32(0x0201_4B50)
        for value in [3 << 8 | 45, 45, 0, 0, 0, 0x21] { directory.append16(value) }
        directory.append32(0x3610_A686)
        directory.append32(0xFFFF_FFFF)
        directory.append32(0xFFFF_FFFF)
        for value in [1, 20, 0, 0, 0] { directory.append16(value) }
        directory.append32(0)
        directory.append32(0)
        directory += Array("a".utf8) + [1, 0, 16, 0] + sizes
        var end: [UInt8] = []
        end.append32(0x0605_4B50)
        for value in [0, 0, 1, 1] { end.append16(value) }
        end.append32(directory.count)
        end.append32(local.count)
        end.append16(0)
        let reader = try ZipReader(bytes: local + directory + end)
        #expect(try reader.contents(of: "a") == Array("hello".utf8))
    }
}
