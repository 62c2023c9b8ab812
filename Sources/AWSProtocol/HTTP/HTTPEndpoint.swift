/// A front door that speaks HTTP of its own and none of AWS's protocols: a container registry under `/v2/`.
///
/// A service offers such in `AWSService.endpoints`; the gateway asks them before it looks for an AWS operation.
public protocol HTTPEndpoint: Sendable {
    /// Whether the request is for this endpoint.
    func serves(_ head: HTTPRequestHead) -> Bool

    /// Answers a request that it serves; errors are answered in the endpoint's own form.
    /// - Parameter stranger: For whom those are taken who do not say who they are; nil where they have to.
    func answer(_ head: HTTPRequestHead, _ body: Body, stranger: Caller?) async -> HTTPAnswer
}
