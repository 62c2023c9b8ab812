import AWSProtocol
import Archive
import Compute
import JSON
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An input in Pipe mode: named pipes `CHANNEL_0`, `CHANNEL_1`, …, of which each gives the whole channel once.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html>
struct PipeChannel: Sendable {
    let input: JobPlan.Input
    let host: JobHost
    let hosts: [JobHost]
    let transfer: S3Transfer
    let directory: JobDirectory

    /// Makes the first epochs' pipes, so that the program finds them.
    func prepare() throws {
        for epoch in 0...1 { try makePipe(epoch) }
    }

    /// Fills one pipe after another as the program reads them, until the task is cancelled.
    /// - Throws: `JobFailure` where an object cannot be had.
    func feed() async throws {
        let elements = try await elements()
        var epoch = 0
        while true {
            try Task.checkCancellation()
            try makePipe(epoch + 1)
            let writer = try NamedPipeWriter(path: path(epoch))
            try await writer.use {
                for element in input.share(of: elements, for: host, among: hosts, epoch: epoch) {
                    try await send(element, to: writer)
                }
            }
            epoch += 1
        }
    }

    /// What an epoch consists of: objects, or the lines of an augmented manifest.
    private enum Element: Sendable {
        case object(InputObject)
        case line(JSON, number: Int)
    }

    private func elements() async throws -> [Element] {
        guard case .augmentedManifest = input.type else {
            return try await transfer.objects(of: input).filter { !$0.path.hasSuffix("/") }.map { .object($0) }
        }
        let bytes = try await transfer.get(input.source).collect(upTo: 512 << 20)
        let lines = bytes.readableBytesView.split(separator: 0x0A, omittingEmptySubsequences: true)
        return try lines.enumerated().map { index, line in
            guard let record = try? JSON(parsing: Array(line)), record.objectValue != nil else {
                throw JobFailure.client(
                    "Line \(index + 1) of the augmented manifest \(input.source.uri) is not a JSON object."
                )
            }
            return .line(record, number: index + 1)
        }
    }

    private func send(_ element: Element, to writer: NamedPipeWriter) async throws {
        switch element {
        case .object(let object): try await send(object.location, to: writer)
        case .line(let record, let number):
            guard case .augmentedManifest(let attributes) = input.type else { return }
            for attribute in attributes {
                guard let value = record[attribute] else {
                    throw JobFailure.client(
                        "Line \(number) of the augmented manifest \(input.source.uri) has no attribute \(attribute)."
                    )
                }
                // An attribute whose name ends so names an object, which is sent in its place.
                if attribute.hasSuffix("-ref"), let location = value.stringValue.flatMap({ S3Location($0) }) {
                    try await send(location, to: writer)
                } else {
                    let text = value.stringValue ?? value.serialized()
                    try await send([ByteBuffer(string: text)], length: text.utf8.count, to: writer)
                }
            }
        }
    }

    private func send(_ location: S3Location, to writer: NamedPipeWriter) async throws {
        let body = try await transfer.get(location)
        if input.isGzipped || (input.isWrapped && body.length == nil) {
            // A record's length comes before it, so what is in it has to be known in whole.
            var bytes = Array(try await body.collect(upTo: 1 << 30).readableBytesView)
            if input.isGzipped {
                let packed = bytes
                bytes = try await transfer.host.runBlocking { try Gzip.decompress(packed) }
            }
            return try await send([ByteBuffer(bytes: bytes)], length: bytes.count, to: writer)
        }
        if input.isWrapped { try await writer.write(RecordFraming.header(length: body.length ?? 0)) }
        for try await chunk in body.chunks() { try await writer.write(chunk) }
        if input.isWrapped { try await writer.write(RecordFraming.padding(length: body.length ?? 0)) }
    }

    private func send(_ chunks: [ByteBuffer], length: Int, to writer: NamedPipeWriter) async throws {
        if input.isWrapped { try await writer.write(RecordFraming.header(length: length)) }
        for chunk in chunks { try await writer.write(chunk) }
        if input.isWrapped { try await writer.write(RecordFraming.padding(length: length)) }
    }

    private func path(_ epoch: Int) throws -> String { try directory.path("\(input.path)_\(epoch)") }

    private func makePipe(_ epoch: Int) throws {
        let path = try path(epoch)
        guard mkfifo(path, 0o666) == 0 || errno == EEXIST else {
            throw FileError(action: "make the pipe", path: path, number: errno)
        }
    }
}

/// MXNet's RecordIO framing, as SageMaker wraps objects in it: magic number, length, payload, padding to four bytes.
enum RecordFraming {
    static let magic: UInt32 = 0xCED7_230A

    static func header(length: Int) -> ByteBuffer {
        var header = ByteBuffer()
        header.writeInteger(magic, endianness: .little)
        header.writeInteger(UInt32(truncatingIfNeeded: length) & 0x1FFF_FFFF, endianness: .little)
        return header
    }

    static func padding(length: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: (4 - length % 4) % 4) }
}
