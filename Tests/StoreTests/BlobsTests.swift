import AWSProtocol
import GRDB
import NIOCore
import ServiceTesting
import Store
import Testing

@Suite struct BlobsTests {
    @Test func `bytes come back as they were written`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        let writer = try temporary.store.blobs.makeWriter()
        for number in 0..<40 { try await writer.write(ByteBuffer(repeating: UInt8(number), count: 100_000)) }
        let blob = try await writer.finish()
        #expect(blob.size == 4_000_000)

        let path = temporary.store.blobs.path(of: blob.id)
        let bytes = try await Body(.file(path: path, range: 0..<blob.size)).collect(upTo: blob.size)
        let ends = (0..<40).map { bytes.getInteger(at: $0 * 100_000 + 99_999, as: UInt8.self) }
        #expect(ends == (0..<40).map { UInt8($0) })
    }

    @Test func `what is discarded or abandoned leaves nothing`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        do {
            let writer = try temporary.store.blobs.makeWriter()
            try await writer.write(ByteBuffer(string: "x"))
            await writer.discard()
            await #expect(throws: StoreError.self) { _ = try await writer.finish() }
            try await temporary.store.blobs.makeWriter().write(ByteBuffer(string: "y"))
        }
        #expect(try temporary.directory.names(in: "blobs/incoming").isEmpty)
        #expect(try temporary.directory.names(in: "blobs") == ["incoming"])
    }

    @Test func `a removed blob stays open to those who are about to read it`() async throws {
        let clock = ManualClock()
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let blob = try await temporary.store.blobs.makeWriter().finish()
        await temporary.store.blobs.remove([blob.id])
        await clock.sleepers()
        #expect(temporary.directory.hasFile("blobs/\(blob.id)"))
        clock.advance(by: Blobs.grace)
        while temporary.directory.hasFile("blobs/\(blob.id)") { await Task.yield() }
    }

    @Test func `a sweep removes what an earlier run left unnamed`() async throws {
        let first = try TemporaryStore(migrations: notes)
        let named = try await first.store.blobs.makeWriter().finish()
        let unnamed = try await first.store.blobs.makeWriter().finish()
        try await first.store.write { db in
            try db.execute(
                sql: "INSERT INTO test_notes (text, blob) VALUES ('a', ?), ('b', NULL)",
                arguments: [named.id]
            )
        }
        await first.store.close()

        let second = try TemporaryStore(migrations: notes, directory: first.directory)
        second.store.blobs.register(BlobReferences(sql: "SELECT blob FROM test_notes"))
        let recent = try await second.store.blobs.makeWriter().finish()
        #expect(try await second.store.blobs.sweep() == 1)
        #expect(second.directory.hasFile("blobs/\(named.id)"))
        #expect(second.directory.hasFile("blobs/\(recent.id)"))
        #expect(!second.directory.hasFile("blobs/\(unnamed.id)"))
    }
}
