internal import NIOCore

/// Takes apart what the engine's API mixes into one stream: the output of a container that has no terminal.
/// <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach>
struct OutputFrames {
    private static let headerSize = 8

    private var pending = ByteBuffer()
    private var source = ProcessOutput.Source.standardOutput
    /// Bytes that are still to come of the frame under way.
    private var remaining = 0

    /// What the next bytes of the stream bring.
    mutating func add(_ bytes: ByteBuffer) -> [ProcessOutput] {
        pending.writeImmutableBuffer(bytes)
        var outputs: [ProcessOutput] = []
        while pending.readableBytes > 0 {
            if remaining == 0 {
                guard pending.readableBytes >= Self.headerSize, let stream = pending.readInteger(as: UInt8.self) else {
                    break
                }
                pending.moveReaderIndex(forwardBy: 3)
                remaining = Int(pending.readInteger(as: UInt32.self) ?? 0)
                source = stream == 2 ? .standardError : .standardOutput
                continue
            }
            guard let part = pending.readSlice(length: min(remaining, pending.readableBytes)) else { break }
            remaining -= part.readableBytes
            outputs.append(ProcessOutput(source: source, bytes: part))
        }
        pending.discardReadBytes()
        return outputs
    }
}
