import AWSProtocol
import GRDB
import ServiceTesting
import Store
import Testing

/// A table to write into.
let notes = [
    Migration("test", 1, "CREATE TABLE test_notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, blob TEXT)")
]

struct Refusal: Error {}

extension Store {
    func insert(_ text: String) async throws {
        try await write { db in try db.execute(sql: "INSERT INTO test_notes (text) VALUES (?)", arguments: [text]) }
    }

    func notes() async throws -> [String] {
        try await read { db in try String.fetchAll(db, sql: "SELECT text FROM test_notes ORDER BY text") }
    }
}

@Suite struct StoreTests {
    @Test func `what was written is read at once and after opening again`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        try await temporary.store.insert("a")
        #expect(try await temporary.store.notes() == ["a"])
        await temporary.store.close()

        let again = try TemporaryStore(migrations: notes, directory: temporary.directory)
        #expect(try await again.store.notes() == ["a"])
    }

    @Test func `what was acknowledged is in a copy of the directory made meanwhile`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        let copy = try TemporaryDirectory()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 { group.addTask { try await temporary.store.insert("\(number)") } }
            try await group.waitForAll()
        }
        // As a killed process leaves it: no checkpoint, no closing.
        for name in ["trainyard.sqlite", "trainyard.sqlite-wal", "format"] {
            try temporary.directory.copyFile(name, to: copy)
        }
        let recovered = try TemporaryStore(migrations: notes, directory: copy)
        #expect(try await recovered.store.notes().count == 50)
    }

    @Test func `concurrent writers share commits`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        let gate = Gate()
        let first = await gate.hold(temporary.store)
        let others = (0..<100).map { number in Task { try await temporary.store.insert("\(number)") } }
        while temporary.store.statistics.writes < 101 { await Task.yield() }
        gate.open()
        try await first.value
        for other in others { try await other.value }
        #expect(temporary.store.statistics.commits == 2)
        #expect(try await temporary.store.notes().count == 100)
    }

    @Test func `a body that throws undoes its own changes only`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        let gate = Gate()
        let first = await gate.hold(temporary.store)
        async let kept: Void = temporary.store.insert("kept")
        let refused = Task {
            try await temporary.store.write { db in
                try db.execute(sql: "INSERT INTO test_notes (text) VALUES ('refused')")
                throw Refusal()
            }
        }
        while temporary.store.statistics.writes < 3 { await Task.yield() }
        gate.open()
        try await first.value
        try await kept
        await #expect(throws: Refusal.self) { try await refused.value }
        #expect(try await temporary.store.notes() == ["kept"])
    }

    @Test func `a body alone that throws undoes its changes and the next goes on`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        await #expect(throws: Refusal.self) {
            try await temporary.store.write { db in
                try db.execute(sql: "INSERT INTO test_notes (text) VALUES ('refused')")
                throw Refusal()
            }
        }
        try await temporary.store.insert("next")
        #expect(try await temporary.store.notes() == ["next"])
    }

    @Test func `a full disk fails the write and leaves the store readable`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        try await temporary.store.insert("before")
        try await temporary.store.write { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let error = await #expect(throws: AWSError.self) {
            try await temporary.store.insert(String(repeating: "x", count: 1 << 20))
        }
        #expect(error?.code == "InsufficientStorage")
        #expect(try await temporary.store.notes() == ["before"])
        try await temporary.store.insert("small")
    }

    @Test func `reset empties the tables and removes the blobs`() async throws {
        let temporary = try TemporaryStore(migrations: notes)
        try await temporary.store.insert("a")
        let writer = try temporary.store.blobs.makeWriter()
        let blob = try await writer.finish()
        try await temporary.store.reset()
        #expect(try await temporary.store.notes().isEmpty)
        #expect(!temporary.directory.hasFile("blobs/\(blob.id)"))
        try await temporary.store.insert("a")
        _ = try await temporary.store.blobs.makeWriter().finish()
    }
}
