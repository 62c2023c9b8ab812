import Foundation
import Testing

@testable import Compute

@Suite struct LayerTests {
    private let directory = NSTemporaryDirectory() + "trainyard-layers-" + UUID().uuidString

    /// Unpacks archives one above the other.
    private func compose(_ archives: [TestArchive]) throws -> RootPath {
        try FileTree.makeDirectories(directory)
        let root = "\(directory)/root"
        let composition = try RootComposition(root)
        for (index, archive) in archives.enumerated() {
            let file = "\(directory)/\(index).tar"
            try Data(archive.finished).write(to: URL(filePath: file))
            let tree = "\(directory)/\(index)"
            let changes = try LayerUnpacking.unpack(file, to: tree)
            try composition.add(tree, LayerChanges(changes.json))
        }
        try composition.finish()
        return RootPath(root: root)
    }

    private func names(_ root: RootPath, _ path: String) -> [String] {
        directoryEntries(root.root + path).sorted()
    }

    @Test func `a layer replaces, adds and removes`() throws {
        defer { try? FileTree.remove(directory) }
        var base = TestArchive()
        base.addDirectory("a")
        base.addFile("a/kept", "1")
        base.addFile("a/replaced", "old")
        base.addFile("a/removed", "1")
        base.addDirectory("b")
        base.addFile("b/hidden", "1")
        base.add("a/again", type: "1", target: "a/kept")
        var above = TestArchive()
        above.addFile("a/replaced", "new")
        above.addFile("a/.wh.removed", "")
        above.addDirectory("b")
        above.addFile("b/.wh..wh..opq", "")
        above.addFile("b/own", "1")
        above.add("a/other", type: "1", target: "a/kept")
        let root = try compose([base, above])
        #expect(names(root, "/a") == ["again", "kept", "other", "replaced"])
        #expect(names(root, "/b") == ["own"])
        #expect(root.text("/a/replaced") == "new")
        #expect(root.text("/a/other") == "1")
        #expect(names(root, "") == ["a", "b", "dev", "etc", "proc", "sys", "tmp"])
    }

    @Test func `a directory that a layer only implies may be a link below`() throws {
        defer { try? FileTree.remove(directory) }
        var base = TestArchive()
        base.addDirectory("usr/lib")
        base.addLink("lib", to: "usr/lib")
        base.addLink("absolute", to: "/usr/lib")
        var above = TestArchive()
        above.addFile("lib/x", "x")
        above.addFile("absolute/y", "y")
        let root = try compose([base, above])
        #expect(names(root, "/usr/lib") == ["x", "y"])
        #expect(root.text("/lib/y") == "y")
    }

    @Test func `nothing is written outside, and links that lead out end inside`() throws {
        defer { try? FileTree.remove(directory) }
        var archive = TestArchive()
        archive.addLink("up", to: "../../..")
        archive.addFile("up/file", "1")
        archive.addLink("etc-link", to: "/etc")
        archive.addFile("etc-link/inside", "2")
        let root = try compose([archive])
        #expect(names(root, "").contains("file"))
        #expect(root.text("/etc/inside") == "2")
        #expect(root.resolve("/up/../../etc-link/x", followingLast: true) == root.root + "/etc/x")
        var leaving = TestArchive()
        leaving.addFile("a/../../outside", "3")
        try Data(leaving.finished).write(to: URL(filePath: "\(directory)/leaving.tar"))
        #expect(throws: ContainerError.self) {
            try LayerUnpacking.unpack("\(directory)/leaving.tar", to: "\(directory)/leaving")
        }
    }

    @Test func `zstd is refused in words`() throws {
        defer { try? FileTree.remove(directory) }
        try FileTree.makeDirectories(directory)
        try Data([0x28, 0xB5, 0x2F, 0xFD, 0, 0]).write(to: URL(filePath: "\(directory)/layer"))
        let error = #expect(throws: ContainerError.self) {
            try LayerUnpacking.unpack("\(directory)/layer", to: "\(directory)/tree")
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("zstd") == true)
    }

    @Test func `links in a circle lead nowhere`() throws {
        defer { try? FileTree.remove(directory) }
        var archive = TestArchive()
        archive.addLink("a", to: "b")
        archive.addLink("b", to: "a")
        let root = try compose([archive])
        #expect(root.resolve("/a/x") == nil)
        #expect(root.text("/a") == "")
    }
}

@Suite struct ImageNameTests {
    @Test(
        arguments: [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b:1", "a/b", "1", "123456789012", "eu-west-1"),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a@sha256:00", "a", "sha256:00", "123456789012",
                "cn-north-1"
            ),
            ("123.dkr.ecr.eu-west-1.amazonaws.com/a", "a", "latest", nil, nil),
            ("123456789012.dkr.eu-west-1.amazonaws.com/a", "a", "latest", nil, nil),
            ("public.ecr.aws/lambda/python:3.11", "lambda/python", "3.11", nil, nil),
            ("localhost/a", "a", "latest", nil, nil), ("python", "python", "latest", nil, nil),
        ] as [(String, String, String, String?, String?)]
    )
    func `an ECR name says whose the repository is`(
        text: String,
        repository: String,
        tag: String,
        account: String?,
        region: String?
    ) {
        let reference = ImageReference(text)
        #expect(reference.repository == repository)
        #expect(reference.tag == tag)
        #expect(reference.repositoryOwner?.account == account)
        #expect(reference.repositoryOwner?.region == region)
    }
}

@Suite struct HostRuntimeTests {
    @Test(arguments: [
        ("python3", true), ("/usr/local/bin/python3.11", true), ("python", true), ("pythonic", false), ("sh", false),
        ("/opt/python3/run", false),
    ])
    func `an image's Python is told by its name`(program: String, isPython: Bool) {
        #expect(HostRuntime.isPython(program) == isPython)
    }
}
