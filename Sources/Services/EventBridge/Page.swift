import AWSProtocol
import JSON

/// A page of what a listing finds, in the order of a key that is also where the next page begins.
struct Page<Item> {
    var items: [Item]
    var next: JSON?

    init(_ all: [Item], by key: (Item) -> String, _ request: AWSRequest) {
        let start = request.string("NextToken") ?? ""
        let rest = all.filter { key($0) > start }.sorted { key($0) < key($1) }
        items = Array(rest.prefix(request.integer("Limit") ?? 100))
        next = items.count < rest.count ? items.last.map { .string(key($0)) } : nil
    }
}
