import Synchronization

/// The headers that follow an `aws-chunked` body: known once the body has been read to its end.
///
/// S3 clients send an object's checksum this way (`x-amz-checksum-crc32`). Shared between the stream that
/// fills it and the service that reads it afterwards.
public final class BodyTrailers: Sendable {
    private let headers = Mutex<HTTPHeaderList>([:])

    public init() {}

    /// The trailer of that name, or nil where there is none or the body has not been read to its end.
    public subscript(name: String) -> String? { headers.withLock { $0[name] } }

    /// All trailers, in order.
    public var all: HTTPHeaderList { headers.withLock { $0 } }

    func append(_ name: String, _ value: String) { headers.withLock { $0.append(name, value) } }
}
