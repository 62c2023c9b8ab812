import AWSProtocol
import JSON

/// The rules a policy document is held to when it is stored, each with IAM's words.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
enum PolicyDocument {
    enum Purpose {
        /// Says what an identity may do.
        case identity
        /// Says who may assume a role.
        case trust
    }

    private static let statementMembers: Set<String> = [
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ]

    /// - Throws: `MalformedPolicyDocument`.
    static func validate(_ text: String, as purpose: Purpose) throws(AWSError) {
        guard let document = try? JSON(parsing: text), case .object(let members) = document else {
            throw .malformedPolicy("This policy contains invalid Json")
        }
        guard members.keys.allSatisfy({ ["Version", "Id", "Statement"].contains($0) }),
            let statement = members["Statement"]
        else { throw .malformedPolicy("Syntax errors in policy.") }
        if let version = members["Version"], !["2012-10-17", "2008-10-17"].contains(version.stringValue) {
            throw .malformedPolicy("Syntax errors in policy.")
        }
        for statement in statement.arrayValue ?? [statement] {
            guard case .object(let members) = statement,
                members.keys.allSatisfy(statementMembers.contains),
                ["Allow", "Deny"].contains(members["Effect"]?.stringValue)
            else { throw .malformedPolicy("Syntax errors in policy.") }
            switch purpose {
            case .identity: try validateIdentity(members)
            case .trust: try validateTrust(members)
            }
        }
    }

    private static func validateIdentity(_ statement: JSON.Object) throws(AWSError) {
        guard statement["Principal"] == nil, statement["NotPrincipal"] == nil else {
            throw .malformedPolicy("Policy document should not specify a principal.")
        }
        let actions = strings(statement["Action"] ?? statement["NotAction"])
        guard !actions.isEmpty else { throw .malformedPolicy("Policy statement must contain actions.") }
        guard actions.allSatisfy({ $0 == "*" || $0.contains(":") }) else {
            throw .malformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        }
        let resources = strings(statement["Resource"] ?? statement["NotResource"])
        guard !resources.isEmpty else { throw .malformedPolicy("Policy statement must contain resources.") }
        for resource in resources where resource != "*" && !resource.hasPrefix("arn:") && !resource.contains("*") {
            throw .malformedPolicy("Resource \(resource) must be in ARN format or \"*\".")
        }
    }

    private static func validateTrust(_ statement: JSON.Object) throws(AWSError) {
        guard statement["Resource"] == nil, statement["NotResource"] == nil else {
            throw .malformedPolicy("Has prohibited field Resource")
        }
        guard statement["Principal"] != nil || statement["NotPrincipal"] != nil else {
            throw .malformedPolicy("Missing required field Principal")
        }
        let actions = strings(statement["Action"] ?? statement["NotAction"])
        guard !actions.isEmpty else { throw .malformedPolicy("Missing required field Action") }
        guard actions.allSatisfy({ $0 == "*" || $0.hasPrefix("sts:") }) else {
            throw .malformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
        }
    }

    private static func strings(_ value: JSON?) -> [String] {
        value?.arrayValue?.compactMap(\.stringValue) ?? value?.stringValue.map { [$0] } ?? []
    }

    /// Percent-encoded after RFC 3986, as IAM hands documents back.
    static func encoded(_ text: String) -> JSON {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }
}
