import AWSProtocol
import JSON
import Synchronization

/// An endpoint in service, as requests meet it: its variants with their share of the traffic.
final class RunningEndpoint: Sendable {
    /// What changes together when the endpoint is updated.
    struct Service: Sendable {
        var variants: [VariantServer]
        var share: TrafficShare
        /// Get copies of requests: so many for each request that production gets.
        var shadows: [(server: VariantServer, share: Double)] = []
        var capture: DataCapture?
        var asynchronous: AsynchronousInference?

        var servers: [VariantServer] { variants + shadows.map(\.server) }
    }

    let key: EndpointKey
    private let service: Mutex<Service>

    init(_ key: EndpointKey, _ service: Service) {
        self.key = key
        self.service = Mutex(service)
    }

    var owner: Caller { Caller(account: key.account, region: key.region) }

    var logGroup: String { Self.logGroup(key.name) }

    static func logGroup(_ name: String) -> String { "/aws/sagemaker/Endpoints/\(name)" }

    /// All its servers, those of shadow variants included.
    var servers: [VariantServer] { service.withLock { $0.servers } }

    /// The shadow variants that get a copy of the next request.
    var shadows: [VariantServer] {
        service.withLock { $0.shadows }.filter { $0.share >= 1 || Double.random(in: 0..<1) < $0.share }.map(\.server)
    }

    var capture: DataCapture? { service.withLock { $0.capture } }

    var asynchronous: AsynchronousInference? { service.withLock { $0.asynchronous } }

    /// A hold on the server that is to answer the next request.
    /// - Parameter target: The variant that the request names.
    /// - Throws: `InferenceFailure`: there is no such variant, or it cannot be started again.
    func lease(_ target: String?) async throws(InferenceFailure) -> VariantLease {
        while true {
            if let lease = try await server(target).lease() { return lease }
        }
    }

    /// Changes what is served; answers what was served before, which may still be answering.
    func replace(_ new: Service) -> Service {
        service.withLock { service in
            defer { service = new }
            return service
        }
    }

    func setWeights(of deployment: EndpointDeployment) {
        service.withLock { service in
            service.share = TrafficShare(deployment.variants.map(\.weight))
            for index in service.shadows.indices where deployment.shadows.indices.contains(index) {
                service.shadows[index].share = deployment.shadowShare(deployment.shadows[index])
            }
        }
    }

    /// Gives a new service so much of the traffic, beside the one that it is to replace.
    /// - Parameter share: From 0 to 1.
    func shift(from old: Service, to new: Service, share: Double) {
        service.withLock { service in
            service = old
            service.variants += new.variants
            service.share = old.share.joined(with: new.share, share)
        }
    }

    var current: Service { service.withLock { $0 } }

    private func server(_ target: String?) throws(InferenceFailure) -> VariantServer {
        let chosen: VariantServer? = service.withLock { service in
            if let target { return service.variants.first { $0.variant == target } }
            return service.share.next().map { service.variants[$0] }
        }
        if let chosen { return chosen }
        guard let target else { throw .invalid("No variant of the endpoint \(key.name) gets traffic.") }
        throw .invalid("Variant \(target) is not found for endpoint \(key.name).")
    }
}

/// Spreads requests over variants in proportion to their weights, as evenly as the proportion allows: the smooth
/// weighted round-robin of nginx.
struct TrafficShare: Sendable {
    private var weights: [Double]
    private var current: [Double]
    private var total: Double

    init(_ weights: [Double]) {
        self.weights = weights
        current = weights.map { _ in 0 }
        total = weights.reduce(0, +)
    }

    /// This share's variants and after them another's, which get that part of the traffic.
    func joined(with other: TrafficShare, _ part: Double) -> TrafficShare {
        func scaled(_ share: TrafficShare, _ part: Double) -> [Double] {
            share.weights.map { share.total > 0 ? $0 / share.total * part : 0 }
        }
        return TrafficShare(scaled(self, 1 - part) + scaled(other, part))
    }

    /// The place of the variant that gets the next request; nil where none has a weight.
    mutating func next() -> Int? {
        guard total > 0 else { return nil }
        if weights.count == 1 { return 0 }
        var best = 0
        for index in weights.indices {
            current[index] += weights[index]
            if current[index] > current[best] || weights[best] == 0 { best = index }
        }
        current[best] -= total
        return best
    }
}
