import AWSProtocol
import JSON

extension IAMService {
    /// AWS's limit for each taggable thing.
    static let tagsPerResource = 50

    var tagOperations: [String: OperationHandler] {
        var operations: [String: OperationHandler] = [
            "TagPolicy": { request in
                try await self.changePolicy(request) { policy throws(AWSError) in
                    try Self.apply(Self.tags(request), to: &policy.tags)
                }
                return AWSResponse()
            },
            "UntagPolicy": { request in
                try await self.changePolicy(request) { policy throws(AWSError) in
                    policy.tags.removeAll { request.strings("TagKeys").contains($0.key) }
                }
                return AWSResponse()
            },
        ]
        for kind in [Identity.Kind.user, .role] {
            operations["Tag\(kind.title)"] = { request in
                try await self.change(kind, request) { identity, _ in
                    try Self.apply(Self.tags(request), to: &identity.tags)
                }
                return AWSResponse()
            }
            operations["Untag\(kind.title)"] = { request in
                try await self.change(kind, request) { identity, _ in
                    identity.tags.removeAll { request.strings("TagKeys").contains($0.key) }
                }
                return AWSResponse()
            }
            operations["List\(kind.title)Tags"] = { request in
                try .page("Tags", try await self.read(kind, request).tags.map(\.json), for: request)
            }
        }
        return operations
    }

    private static func apply(_ new: [Tag], to tags: inout [Tag]) throws(AWSError) {
        for tag in new {
            if let index = tags.firstIndex(where: { $0.key == tag.key }) {
                tags[index].value = tag.value
            } else {
                tags.append(tag)
            }
        }
        guard tags.count <= tagsPerResource else {
            throw .limitExceeded("The number of tags has reached the maximum limit.")
        }
    }
}
