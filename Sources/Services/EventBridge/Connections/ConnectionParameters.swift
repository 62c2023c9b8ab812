import AWSProtocol
import JSON
import OutgoingHTTP

/// A connection's `AuthParameters`: how it authorizes requests, and what it adds to them.
struct ConnectionParameters {
    private var members: JSON

    /// With the secrets, as they are kept.
    var stored: String { members.serialized() }

    /// - Parameters:
    ///   - given: The request's members, which take precedence over `former` member by member.
    /// - Throws: `ValidationException` where what the type needs is missing.
    init(_ given: JSON, for kind: Connection.Kind, over former: JSON = [:]) throws(AWSError) {
        var merged = former.overlaid(by: given)
        let needed: [String] =
            switch kind {
            case .basic: ["Username", "Password"]
            case .apiKey: ["ApiKeyName", "ApiKeyValue"]
            case .oauth: ["ClientParameters", "AuthorizationEndpoint", "HttpMethod"]
            }
        for member in needed where merged[kind.member]?[member] == nil {
            throw .invalidParameter(
                "AuthParameters.\(kind.member)",
                "\(member) must be specified when AuthorizationType is \(kind.rawValue)."
            )
        }
        if let endpoint = merged["OAuthParameters"]?["AuthorizationEndpoint"]?.stringValue, kind == .oauth {
            guard AllowedAddress.isAllowed(endpoint) else {
                throw .invalidParameter(
                    "AuthParameters.OAuthParameters.AuthorizationEndpoint",
                    "it must be an HTTPS URL (or, on the yard, an HTTP URL of this machine)."
                )
            }
        }
        // What another type of authorization needed is not kept.
        for other in ["BasicAuthParameters", "ApiKeyAuthParameters", "OAuthParameters"] where other != kind.member {
            merged = merged.without(other)
        }
        members = merged
    }

    /// What may be answered.
    static func withoutSecrets(_ members: JSON) -> JSON {
        guard let object = members.objectValue else { return members }
        let hidden: Set<String> = ["Password", "ApiKeyValue", "ClientSecret"]
        var shown: JSON.Object = [:]
        for (name, value) in object where !hidden.contains(name) {
            switch value {
            case .object: shown[name] = withoutSecrets(value)
            case .array(let elements): shown[name] = .array(elements.map(withoutSecret))
            default: shown[name] = value
            }
        }
        return .object(shown)
    }

    /// A header, query or body parameter; one that is no secret is shown whole.
    private static func withoutSecret(_ parameter: JSON) -> JSON {
        parameter["IsValueSecret"]?.boolValue == true ? parameter.without("Value") : parameter
    }
}

extension JSON {
    fileprivate func without(_ name: String) -> JSON {
        guard var object = objectValue else { return self }
        object.removeValue(forKey: name)
        return .object(object)
    }

    /// The object with the members of another, those of objects in both merged.
    fileprivate func overlaid(by other: JSON) -> JSON {
        guard var object = objectValue, let changes = other.objectValue else { return other }
        for (name, value) in changes { object[name] = object[name]?.overlaid(by: value) ?? value }
        return .object(object)
    }
}
