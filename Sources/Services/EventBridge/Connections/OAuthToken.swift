import AWSProtocol
import JSON
import NIOCore
import OutgoingHTTP

/// Why there is no token.
struct OAuthFailure: Error {
    /// Without secrets; it becomes the connection's `StateReason`.
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// An access token as an authorization server answers it.
struct OAuthToken: Sendable {
    var text: String
    /// In milliseconds since 1970; nil where the server did not say.
    var end: Int?

    init(_ answer: OutgoingAnswer, at moment: Timestamp) throws(OAuthFailure) {
        guard (200..<300).contains(answer.status) else {
            throw OAuthFailure("The authorization endpoint answered \(answer.status) \(answer.reason).")
        }
        let document = try? JSON(parsing: String(buffer: answer.body))
        guard let token = document?["access_token"]?.stringValue else {
            throw OAuthFailure("The authorization endpoint's answer has no access_token.")
        }
        text = token
        let lifetime = document?["expires_in"]
        let seconds = lifetime?.doubleValue ?? lifetime?.stringValue.flatMap(Double.init)
        end = seconds.map { moment.milliseconds + Int(min($0, 1e9) * 1000) }
    }
}

/// The request for a token: the client's id and secret by HTTP's basic scheme, the grant's parameters as a form.
/// <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>
struct OAuthTokenRequest {
    let outgoing: OutgoingRequest

    /// Nil where the parameters are not those of a client.
    init?(_ parameters: JSON) {
        let client = parameters["ClientParameters"]
        guard let id = client?["ClientID"]?.stringValue, let secret = client?["ClientSecret"]?.stringValue,
            let endpoint = parameters["AuthorizationEndpoint"]?.stringValue,
            let method = parameters["HttpMethod"]?.stringValue
        else { return nil }
        let extra = AddedParameters(parameters["OAuthHttpParameters"])
        var form = extra.body
        if !(extra.query + form).contains(where: { $0.name == "grant_type" }) {
            form.insert(("grant_type", "client_credentials"), at: 0)
        }
        let isGET = method == "GET"
        var headers = extra.headers
        if !headers.contains(where: { $0.name.lowercased() == "authorization" }) {
            headers.append(("Authorization", "Basic " + Base64.encode(Array("\(id):\(secret)".utf8))))
        }
        if !isGET, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        }
        let asked = AddedParameters.encoded(isGET ? extra.query + form : extra.query)
        let separator = endpoint.contains("?") ? "&" : "?"
        outgoing = OutgoingRequest(
            method,
            asked.isEmpty ? endpoint : endpoint + separator + asked,
            headers: headers,
            body: isGET ? nil : AddedParameters.encoded(form)
        )
    }
}
