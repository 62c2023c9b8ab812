import ServiceTesting
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Dispatch

/// Holds a thread back until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }
    func open() { semaphore.signal() }
}

/// Collects what concurrent tasks report.
final class Collector<Element: Sendable>: Sendable {
    private let stream: AsyncStream<Element>
    private let continuation: AsyncStream<Element>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func add(_ element: Element) { continuation.yield(element) }

    /// The next `count` elements, waiting for them.
    func next(_ count: Int = 1) async -> [Element] {
        var elements: [Element] = []
        for await element in stream {
            elements.append(element)
            if elements.count == count { break }
        }
        return elements
    }
}

extension TemporaryDirectory {
    func hasFile(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    func writeFile(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
    }

    func copyFile(_ name: String, to other: TemporaryDirectory) throws {
        try FileManager.default.copyItem(atPath: path + "/" + name, toPath: other.path + "/" + name)
    }
}

extension TemporaryDirectory {
    func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)
    }
}
