import AWSProtocol
import JSON

/// The bytes of an object that a request asks for: all, a range, or a part.
struct Selection: Sendable {
    var range: Range<Int>
    /// Whether the answer is 206 Partial Content.
    var isPartial = false
    /// The part asked for, counted from 1.
    var part: Int?

    /// - Parameter parts: Of an object uploaded in parts; empty for every other, which then counts as one part.
    /// - Throws: `InvalidRange`, `InvalidPartNumber`, `InvalidRequest`.
    init(_ request: AWSRequest, _ object: ObjectRecord, _ parts: [PartRecord]) throws(AWSError) {
        range = 0..<object.size
        let header = request.string("Range")
        if let number = request.integer("PartNumber") {
            guard header == nil else {
                throw .invalidRequest("Cannot specify both Range header and partNumber query parameter")
            }
            try select(part: number, object, parts)
        } else if let header, let wanted = ByteRange(header) {
            guard let resolved = wanted.resolve(in: object.size) else {
                throw AWSError(
                    "InvalidRange",
                    "The requested range is not satisfiable",
                    status: 416,
                    fields: ["RangeRequested": .string(header), "ActualObjectSize": .string("\(object.size)")]
                )
            }
            range = resolved
            isPartial = true
        }
    }

    private mutating func select(part number: Int, _ object: ObjectRecord, _ parts: [PartRecord]) throws(AWSError) {
        guard (1...10_000).contains(number) else {
            throw .invalidArgument(
                "Part number must be an integer between 1 and 10000, inclusive",
                "partNumber",
                "\(number)"
            )
        }
        guard number <= max(parts.count, 1) else {
            throw AWSError(
                "InvalidPartNumber",
                "The requested partnumber is not satisfiable",
                status: 416,
                fields: [
                    "PartNumberRequested": .string("\(number)"), "ActualPartCount": .string("\(max(parts.count, 1))"),
                ]
            )
        }
        part = number
        isPartial = object.size > 0
        guard !parts.isEmpty else { return }
        let start = parts[..<(number - 1)].reduce(0) { $0 + $1.size }
        range = start..<(start + parts[number - 1].size)
    }

    func contentRange(of size: Int) -> String { "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)" }
}

/// One range of a `Range` header (RFC 9110).
enum ByteRange: Equatable, Sendable {
    /// `bytes=first-` or `bytes=first-last`, last included.
    case from(Int, through: Int?)
    /// `bytes=-count`.
    case suffix(Int)

    /// Nil where the header is not of this form: it is then ignored, as are lists of ranges.
    init?(_ header: String) {
        guard header.hasPrefix("bytes=") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let (first, last) = (parts[0].trimmed, parts[1].trimmed)
        guard (first + last).utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        if first.isEmpty {
            guard let count = Int(last) else { return nil }
            self = .suffix(count)
        } else {
            guard let start = Int(first) else { return nil }
            let end = last.isEmpty ? nil : Int(last) ?? .max
            if let end, end < start { return nil }
            self = .from(start, through: end)
        }
    }

    /// The bytes meant of an object of that size; nil where it has none of them.
    func resolve(in size: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            guard first < size else { return nil }
            return first..<(min(last ?? .max, size - 1) + 1)
        case .suffix(let count):
            guard count > 0, size > 0 else { return nil }
            return max(0, size - count)..<size
        }
    }
}
