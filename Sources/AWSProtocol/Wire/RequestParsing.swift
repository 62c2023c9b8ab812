import Archive
import JSON
import NIOCore

extension RoutedRequest {
    /// The call that the request makes. A streaming payload becomes the call's body and is not read; any other body is.
    /// - Throws: `SerializationException`, `MalformedXML`, `MalformedInput` or `InvalidArgument`, as the protocol's
    ///   services answer to what cannot be read; 413 where a body is greater than `bodyLimit`; what the body throws.
    public func parse(
        _ body: Body,
        caller: Caller,
        requestID: String = RequestID.make()
    ) async throws(AWSError) -> AWSRequest {
        guard let operation else { return try await parseForm(body, caller, requestID) }
        var request = AWSRequest(operation.operation, caller: caller, requestID: requestID)
        guard let input = operation.input else { return request }
        let shape = operation.shapes[input]
        switch wireProtocol {
        case .awsJSON10, .awsJSON11: request.input = try jsonObject(try await document(body))
        case .rpcV2CBOR: request.input = try cborObject(try await document(body))
        case .query: return try await parseForm(body, caller, requestID)
        case .restXML, .restJSON:
            let bindings = HTTPInput(request: self, shapes: operation.shapes)
            request.input = try bindings.members(shape)
            try await parsePayload(body, operation, shape, &request)
        }
        return request
    }

    // MARK: REST

    private func parsePayload(
        _ body: Body,
        _ operation: OperationModel,
        _ shape: Shape,
        _ request: inout AWSRequest
    ) async throws(AWSError) {
        guard let payload = shape.payload else {
            guard shape.members.contains(where: { $0.location == .document }) else { return }
            request.input.merge(try document(try await body.collected(), shape, operation.shapes))
            return
        }
        let payloadShape = operation.shapes[payload]
        switch payloadShape.kind {
        case .blob: request.body = body
        case .string:
            let text = String(buffer: try await body.collected())
            if !text.isEmpty { request.input[payload.name] = .string(text) }
        default:
            let bytes = try await body.collected()
            guard bytes.readableBytes > 0 else { return }
            request.input[payload.name] = .object(try document(bytes, payloadShape, operation.shapes))
        }
    }

    private func document(_ bytes: ByteBuffer, _ shape: Shape, _ shapes: ShapeTable) throws(AWSError) -> JSON.Object {
        guard wireProtocol == .restXML else { return try jsonObject(bytes) }
        guard bytes.readableBytes > 0 else { return [:] }
        do {
            let root = try XMLReader.read(Array(buffer: bytes))
            return try XMLTreeReader(shapes: shapes).structure(root, shape)
        } catch let error as AWSError {
            throw error
        } catch {
            throw .malformedXML
        }
    }

    // MARK: RPC

    /// The bytes of a body that is a document, which clients compress where it is long.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html>
    private func document(_ body: Body) async throws(AWSError) -> ByteBuffer {
        let bytes = try await body.collected()
        guard head.headers["content-encoding"]?.lowercased() == "gzip" else { return bytes }
        do {
            return ByteBuffer(bytes: try Gzip.decompress(Array(buffer: bytes), limit: Self.bodyLimit))
        } catch {
            throw .serialization("The request's body is not of the encoding gzip, as its header says: \(error)")
        }
    }

    private func jsonObject(_ bytes: ByteBuffer) throws(AWSError) -> JSON.Object {
        guard bytes.readableBytes > 0 else { return [:] }
        let parsed: JSON
        do {
            parsed = try bytes.withUnsafeReadableBytes { try JSON(parsing: $0.bindMemory(to: UInt8.self)) }
        } catch {
            throw .serialization("The request's body is not JSON: \(error)")
        }
        guard case .object(let object) = parsed else {
            throw .serialization("Start of structure or map found where not expected.")
        }
        return object.contains { $0.value.isNull }
            ? JSON.Object(object.filter { !$0.value.isNull }.map { ($0, $1) }) : object
    }

    private func cborObject(_ bytes: ByteBuffer) throws(AWSError) -> JSON.Object {
        guard bytes.readableBytes > 0 else { return [:] }
        do {
            guard case .object(let object) = try CBORReader.read(Array(buffer: bytes)) else {
                throw AWSError.serialization("The request's body is not a CBOR map.")
            }
            return JSON.Object(object.filter { !$0.value.isNull }.map { ($0, $1) })
        } catch let error as CBORReadingError {
            throw .serialization("The request's body is not CBOR: \(error.message)")
        } catch let error as AWSError {
            throw error
        } catch {
            throw .internalFailure(error)
        }
    }

    private func parseForm(_ body: Body, _ caller: Caller, _ requestID: String) async throws(AWSError) -> AWSRequest {
        let text = String(buffer: try await document(body))
        let joined = [head.query, text].filter { !$0.isEmpty }.joined(separator: "&")
        let form = try QueryForm(QueryItems(parsing: joined))
        guard let name = form.items["Action"] else {
            throw AWSError("MissingAction", "The request must contain the parameter Action.")
        }
        let service = form.items["Version"].flatMap(RequestRouter.service(version:)) ?? service
        let operation = try service.servedOperation(name)
        var request = AWSRequest(operation.operation, caller: caller, requestID: requestID)
        if let input = operation.input {
            request.input = try form.input(operation.shapes[input], operation.shapes)
        }
        return request
    }
}

extension Body {
    /// All bytes, of at most as many as a request may have.
    func collected() async throws(AWSError) -> ByteBuffer {
        do {
            return try await collect(upTo: RoutedRequest.bodyLimit)
        } catch let error as AWSError {
            throw error
        } catch {
            throw .internalFailure(error)
        }
    }
}
