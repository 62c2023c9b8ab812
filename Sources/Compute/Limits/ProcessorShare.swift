internal import Synchronization

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Hands the machine's processors out to programs that may use some of them only: `taskset` of util-linux binds a program,
/// and all that it starts, to its share. Shares follow one another, so that programs side by side have different ones.
final class ProcessorShare: Sendable {
    /// The processors that the yard itself may use.
    let available: [Int]
    private let taskset: String?
    private let next = Atomic(0)

    init(path: String) {
        available = Self.allowed()
        taskset = ProcessLookup.find("taskset", path: path)
    }

    /// Whether a limit to so many processors is kept here: it is where the machine has more.
    func keeps(_ processors: Double) -> Bool { taskset != nil && Self.whole(processors) < available.count }

    /// What is put before a command to keep it to so many processors; nothing where it cannot, or need not, be kept.
    func prefix(_ processors: Double?) -> [String] {
        guard let processors, keeps(processors), let taskset else { return [] }
        let count = Self.whole(processors)
        let first = next.wrappingAdd(count, ordering: .relaxed).oldValue
        let share = (0..<count).map { available[(first + $0) % available.count] }
        return [taskset, "--cpu-list", share.map(String.init).joined(separator: ",")]
    }

    /// Parts of a processor cannot be given this way: they count as a whole one.
    private static func whole(_ processors: Double) -> Int { max(1, Int(processors.rounded(.up))) }

    private static func allowed() -> [Int] {
        let all = Array(0..<max(1, ProcessInfo.processInfo.activeProcessorCount))
        guard let data = FileManager.default.contents(atPath: "/proc/self/status"),
            let line = String(decoding: data, as: UTF8.self).split(separator: "\n")
                .first(where: { $0.hasPrefix("Cpus_allowed_list:") })
        else { return all }
        let list = numbers(in: line.dropFirst("Cpus_allowed_list:".count))
        return list.isEmpty ? all : list
    }

    /// The numbers of a list as the kernel writes it: `0-3,8`.
    static func numbers(in list: Substring) -> [Int] {
        list.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }
}
