import AWSProtocol
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The part of a list that a request asks for.
struct Page: Sendable {
    var size: Int
    var offset: Int

    /// - Throws: `InvalidToken` where the token is none of ours.
    init(_ request: AWSRequest, defaultSize: Int) throws(AWSError) {
        size = request.integer("maxResults").flatMap { $0 > 0 ? $0 : nil } ?? defaultSize
        offset = 0
        guard let token = request.string("nextToken") else { return }
        guard let data = Data(base64Encoded: token), let offset = Int(String(decoding: data, as: UTF8.self)) else {
            throw AWSError("InvalidToken", "Invalid Token: 'Invalid token'")
        }
        self.offset = offset
    }

    /// The token of the page after this one, where more than the page was found.
    func next(_ found: Int) -> JSON? {
        guard found > size else { return nil }
        return .string(Data(String(offset + size).utf8).base64EncodedString())
    }
}
