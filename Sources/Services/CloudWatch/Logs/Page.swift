import AWSProtocol
import JSON

/// A page of a list that is ordered by name: its token is the last name of the page before.
struct Page<Item: Sendable>: Sendable {
    /// AWS's page size where the request does not say.
    static var defaultLimit: Int { 50 }

    var items: [Item]
    /// The token for the next page.
    var next: JSON?

    init(_ all: [Item], by name: (Item) -> String, for request: AWSRequest) throws(AWSError) {
        var start = 0
        if let token = request.string("nextToken") {
            guard let position = all.firstIndex(where: { name($0) == token }) else {
                throw .invalidParameter("The specified nextToken is invalid.")
            }
            start = position + 1
        }
        let end = min(all.count, start + (request.integer("limit") ?? Self.defaultLimit))
        items = Array(all[start..<end])
        next = end < all.count ? items.last.map { .string(name($0)) } : nil
    }
}
