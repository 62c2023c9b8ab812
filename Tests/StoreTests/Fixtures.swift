import ServiceTesting
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Dispatch

/// Holds the writer back until it is opened, so that others queue up behind it.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let entered = Collector<Void>()

    /// Returns once `store`'s writer is held.
    func hold(_ store: Store) async -> Task<Void, any Error> {
        let held = Task {
            try await store.write { _ in
                self.entered.add(())
                self.semaphore.wait()
            }
        }
        _ = await entered.next()
        return held
    }

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
