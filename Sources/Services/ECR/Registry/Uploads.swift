import AWSProtocol
import Crypto

/// Uploading blobs: at once, in chunks, or by mounting what another repository has.
extension RegistryEndpoint {
    /// `POST /v2/NAME/blobs/uploads/`
    func beginUpload(_ target: Target, _ head: HTTPRequestHead, _ body: Body) async throws -> HTTPAnswer {
        guard head.method == "POST" else { throw RegistryError.methodNotAllowed }
        try await ecr.ensure(target.repository)
        if let digest = head.queryValue("mount").flatMap({ Digest($0) }) {
            let source = head.queryValue("from").map { name in
                var source = target.repository
                source.name = name
                return source
            }
            if try await ecr.mount(digest, from: source, into: target.repository) { return created(digest, target) }
        }
        if let text = head.queryValue("digest") {
            return try await uploadWhole(body, as: try requiredDigest(text), target, after: nil)
        }
        let upload = try await ecr.uploads.begin(in: target.repository)
        return progress(upload, target, status: 202)
    }

    /// `/v2/NAME/blobs/uploads/ID`
    func upload(_ id: String, _ target: Target, _ head: HTTPRequestHead, _ body: Body) async throws -> HTTPAnswer {
        let upload = try await ecr.uploads.take(id, of: target.repository)
        switch head.method {
        case "GET", "HEAD":
            ecr.uploads.give(back: upload)
            return progress(upload, target, status: 204)
        case "PATCH":
            return try await append(body, to: upload, target, head)
        case "PUT":
            return try await finish(upload, with: body, target, head)
        case "DELETE":
            try await ecr.cancel(upload)
            return HTTPAnswer(status: 204)
        default:
            ecr.uploads.give(back: upload)
            throw RegistryError.methodNotAllowed
        }
    }

    private func append(_ body: Body, to upload: LayerUpload, _ target: Target, _ head: HTTPRequestHead) async throws
        -> HTTPAnswer
    {
        var upload = upload
        defer { ecr.uploads.give(back: upload) }
        if let refusal = refusal(upload, target, head, body) { return refusal }
        try await ecr.uploads.append(body, to: &upload)
        return progress(upload, target, status: 202)
    }

    private func finish(_ upload: LayerUpload, with body: Body, _ target: Target, _ head: HTTPRequestHead) async throws
        -> HTTPAnswer
    {
        var upload = upload
        var isOver = false
        defer { if !isOver { ecr.uploads.give(back: upload) } }
        guard let text = head.queryValue("digest") else {
            throw RegistryError("DIGEST_INVALID", "The digest parameter is missing.", status: 400)
        }
        let digest = try requiredDigest(text)
        if let refusal = refusal(upload, target, head, body) { return refusal }
        if upload.blob == nil {
            let answer = try await uploadWhole(body, as: digest, target, after: upload)
            isOver = true
            return answer
        }
        if body.length != 0 { try await ecr.uploads.append(body, to: &upload) }
        isOver = true
        _ = try await ecr.complete(upload, as: digest)
        return created(digest, target)
    }

    /// Takes a blob that comes in one piece. What the yard has already is only read, to see that the client has it too.
    /// - Parameter begun: The upload that was begun for it; it is over where this returns.
    private func uploadWhole(_ body: Body, as digest: Digest, _ target: Target, after begun: LayerUpload?) async throws
        -> HTTPAnswer
    {
        if try await ecr.isStored(digest) {
            guard Digest(try await LayerUploads.hash(body).finalize()) == digest else {
                throw AWSError.digestMismatch(digest.description)
            }
            guard try await ecr.adopt(digest, into: target.repository) else {
                throw RegistryError("UNKNOWN", "The blob was removed meanwhile. Push it again.", status: 503)
            }
            if let begun { try await ecr.cancel(begun) }
            return created(digest, target)
        }
        var upload = if let begun { begun } else { try await ecr.uploads.begin(in: target.repository) }
        do {
            try await ecr.uploads.append(body, to: &upload)
        } catch {
            if begun == nil { try await ecr.cancel(upload) }
            throw error
        }
        _ = try await ecr.complete(upload, as: digest)
        return created(digest, target)
    }

    // MARK: Answers

    /// The answer to a chunk that does not begin where the former ended, or is not as long as it says.
    private func refusal(_ upload: LayerUpload, _ target: Target, _ head: HTTPRequestHead, _ body: Body) -> HTTPAnswer?
    {
        guard let header = head.headers["content-range"] else { return nil }
        let text = header.hasPrefix("bytes ") ? header.dropFirst(6) : header[...]
        let ends = text.prefix { $0 != "/" }.split(separator: "-").compactMap { Int($0) }
        if ends.count == 2, ends[0] == upload.size, ends[1] >= ends[0] - 1, ends[1] < Int.max,
            body.length ?? (ends[1] + 1 - ends[0]) == ends[1] + 1 - ends[0]
        {
            return nil
        }
        return progress(upload, target, status: 416)
    }

    private func progress(_ upload: LayerUpload, _ target: Target, status: Int) -> HTTPAnswer {
        HTTPAnswer(
            status: status,
            headers: [
                "Location": "/v2/\(target.path)/blobs/uploads/\(upload.id)",
                "Range": "0-\(max(0, upload.size - 1))",
                "Docker-Upload-UUID": upload.id,
            ]
        )
    }

    private func created(_ digest: Digest, _ target: Target) -> HTTPAnswer {
        HTTPAnswer(
            status: 201,
            headers: [
                "Location": "/v2/\(target.path)/blobs/\(digest)", "Docker-Content-Digest": digest.description,
            ]
        )
    }
}
