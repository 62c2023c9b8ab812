import NIOCore
import NIOPosix
import Testing

@testable import Compute

struct PortTests {
    /// NIO's servers set SO_REUSEADDR, as most do.
    private func listen(_ port: Int) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port)
            .get()
    }

    @Test func aServerListensAtItsReservedPort() async throws {
        let reserved = try await ReservedPort()
        let channel = try await listen(reserved.number)
        #expect(channel.localAddress?.port == reserved.number)
        try await channel.close()
    }

    #if os(Linux)
        @Test func theSystemGivesAReservedPortToNobodyElse() async throws {
            let reserved = try await ReservedPort()
            var others: [ReservedPort] = []
            for _ in 0..<500 { others.append(try await ReservedPort()) }
            #expect(Set(others.map(\.number)).count == 500)
            #expect(!others.contains { $0.number == reserved.number })
        }

        @Test(.timeLimit(.minutes(5))) func twoYardsDoNotGiveTheSamePort() async throws {
            let port = try await ReservedPort()
            let yards = [PortBook(), PortBook()]
            var hold = await yards[0].take(port.number)
            #expect(hold != nil)
            #expect(await yards[0].take(port.number) == nil)
            #expect(await yards[1].take(port.number) == nil)
            hold = nil
            // A process that is being started keeps what its parent had until its own program runs.
            while await yards[1].take(port.number) == nil {}
        }
    #endif

    @Test func aPortThatSomebodyListensAtIsNotTaken() async throws {
        let channel = try await listen(0)
        let port = try #require(channel.localAddress?.port)
        #expect(await PortBook().take(port) == nil)
        try await channel.close()
    }
}
