import GRDB
import ServiceTesting
import Store
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct DataDirectoryTests {
    @Test func `a second opening is refused and names the process`() throws {
        let temporary = try TemporaryStore(migrations: notes)
        let error = #expect(throws: StoreError.self) {
            try TemporaryStore(migrations: notes, directory: temporary.directory)
        }
        #expect(error?.code == .inUse)
        #expect(error?.description.contains("process \(getpid())") == true)
    }

    @Test(arguments: [
        ("trainyard 2\n", StoreError.Code.newer, "is of format 2; this version reads up to 1"),
        ("something\n", .corrupt, "it does not hold a format version"),
        ("", .corrupt, "it does not hold a format version"),
    ])
    func `a format that is not ours is refused`(text: String, code: StoreError.Code, reason: String) throws {
        let directory = try TemporaryDirectory()
        try directory.writeFile("format", text)
        let error = #expect(throws: StoreError.self) { try TemporaryStore(migrations: notes, directory: directory) }
        #expect(error?.code == code)
        #expect(error?.description.contains(reason) == true)
        #expect(error?.description.contains(directory.path + "/format") == true)
    }

    @Test func `a damaged database is named and left as it is`() throws {
        let directory = try TemporaryDirectory()
        try directory.writeFile("trainyard.sqlite", String(repeating: "not a database ", count: 100))
        let error = #expect(throws: StoreError.self) { try TemporaryStore(migrations: notes, directory: directory) }
        #expect(error?.code == .corrupt)
        #expect(error?.description.contains("trainyard.sqlite") == true)
    }

    @Test func `steps are run once and in order and a newer schema is refused`() async throws {
        let first = try TemporaryStore(migrations: notes)
        try await first.store.insert("a")
        await first.store.close()

        let added = notes + [Migration("test", 2, "ALTER TABLE test_notes ADD COLUMN size INTEGER DEFAULT 7")]
        let second = try TemporaryStore(migrations: added, directory: first.directory)
        #expect(try await second.store.read { try Int.fetchOne($0, sql: "SELECT size FROM test_notes") } == 7)
        await second.store.close()

        let error = #expect(throws: StoreError.self) {
            try TemporaryStore(migrations: notes, directory: first.directory)
        }
        #expect(error?.code == .newer)
    }

    @Test func `a step that fails leaves the schema as it was`() async throws {
        let first = try TemporaryStore(migrations: notes)
        await first.store.close()
        let broken =
            notes + [
                Migration("test", 2, "CREATE TABLE test_more (id INTEGER)"), Migration("test", 3, "CREATE NONSENSE"),
            ]
        #expect(throws: (any Error).self) { try TemporaryStore(migrations: broken, directory: first.directory) }
        let again = try TemporaryStore(migrations: notes, directory: first.directory)
        #expect(try await again.store.read { try $0.tableExists("test_more") } == false)
    }

    @Test(arguments: [(Durability.full, 2), (.relaxed, 1)])
    func `the writer syncs as asked`(durability: Durability, synchronous: Int) async throws {
        let temporary = try TemporaryStore(migrations: notes, durability: durability)
        #expect(try await temporary.store.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == synchronous)
    }
}
