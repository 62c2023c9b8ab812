/// Whom an image's program runs as: numbers, and where that user is at home.
struct ImageUser: Sendable, Hashable {
    var user = 0
    var group = 0
    var home = "/root"

    /// - Parameter text: `name`, `name:group`, or numbers; empty for root.
    /// - Throws: `ContainerError` where the image has no such user.
    init(_ text: String, in root: RootPath) throws(ContainerError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let name = parts.first ?? "0"
        let users = Self.records(root.text("/etc/passwd"))
        if let entry = users.first(where: { $0[0] == name || $0.field(2) == name }) {
            user = Int(entry.field(2)) ?? 0
            group = Int(entry.field(3)) ?? 0
            home = entry.field(5).isEmpty ? "/" : entry.field(5)
        } else if let number = Int(name) {
            user = number
            home = number == 0 ? "/root" : "/"
        } else {
            throw ContainerError(.start, "unable to find user \(name): no matching entries in passwd file")
        }
        guard parts.count == 2 else { return }
        let groups = Self.records(root.text("/etc/group"))
        if let entry = groups.first(where: { $0[0] == parts[1] || $0.field(2) == parts[1] }) {
            group = Int(entry.field(2)) ?? 0
        } else if let number = Int(parts[1]) {
            group = number
        } else {
            throw ContainerError(.start, "unable to find group \(parts[1]): no matching entries in group file")
        }
    }

    private static func records(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

extension [String] {
    fileprivate func field(_ index: Int) -> String { index < count ? self[index] : "" }
}
