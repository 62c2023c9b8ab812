import AWSProtocol
import Crypto
import GRDB
import JSON

extension BucketRecord {
    /// The request's bucket, once the request may do `action` in it.
    ///
    /// A policy that denies wins; one that allows suffices, from whatever account; without either the bucket's own
    /// account may do all, and nobody else anything.
    /// - Parameters:
    ///   - action: As IAM spells it: `s3:GetObject`.
    ///   - key: The object that is asked for; nil where the bucket itself is.
    ///   - object: What the object carries, for the conditions and grants that look at it.
    /// - Throws: `NoSuchBucket`, `AccessDenied`.
    static func authorized(
        _ request: AWSRequest,
        _ action: String,
        key: String? = nil,
        object: ObjectRecord? = nil,
        in db: Database
    ) throws -> BucketRecord {
        let name = request.string("Bucket") ?? ""
        guard let bucket = try fetch(name, in: db) else { throw AWSError.noSuchBucket(name) }
        if let expected = request.string("ExpectedBucketOwner"), expected != bucket.account {
            throw AWSError.accessDenied()
        }
        try bucket.authorize(request, action, key: key, object: object)
        return bucket
    }

    /// Checks that the request may do `action` to the bucket or to one of its objects.
    func authorize(_ request: AWSRequest, _ action: String, key: String? = nil, object: ObjectRecord? = nil) throws {
        guard !allows(request, action, key: key, object: object) else { return }
        guard !request.caller.isAnonymous else { throw AWSError.accessDenied() }
        let resource = key.map { "\(arn)/\($0)" } ?? arn
        throw AWSError.accessDenied(
            "User: \(request.caller.principal) is not authorized to perform: \(action) on resource: \"\(resource)\" "
                + (isDenied(request, action, key: key, object: object)
                    ? "with an explicit deny in a resource-based policy"
                    : "because no resource-based policy allows the \(action) action")
        )
    }

    /// Whether the request may do `action`.
    func allows(_ request: AWSRequest, _ action: String, key: String? = nil, object: ObjectRecord? = nil) -> Bool {
        let isOwn = request.caller.account == account
        guard let policy else { return isOwn || grantsAllow(request, action, key: key, object: object) }
        switch policy.decision(on: question(request, action, key: key, object: object)) {
        case .deny: return isOwn && Self.alwaysOwners.contains(action) && request.caller.isAccountRoot
        case .allow: return isOwn || !(blocks("RestrictPublicBuckets") && policy.isPublic)
        case nil: return isOwn || grantsAllow(request, action, key: key, object: object)
        }
    }

    private func isDenied(_ request: AWSRequest, _ action: String, key: String?, object: ObjectRecord?) -> Bool {
        policy?.decision(on: question(request, action, key: key, object: object)) == .deny
    }

    private func question(
        _ request: AWSRequest,
        _ action: String,
        key: String?,
        object: ObjectRecord?
    ) -> BucketPolicy.Question {
        BucketPolicy.Question(
            caller: request.caller,
            action: action,
            resource: key.map { "\(arn)/\($0)" } ?? arn,
            context: PolicyContext(request, object: object)
        )
    }

    /// The root of the owning account can always repair a policy that shuts everybody out.
    private static let alwaysOwners: Set = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]

    var arn: String { "arn:aws:s3:::\(name)" }

    var policy: BucketPolicy? {
        guard let text = configuration[BucketDocument.policy]?.stringValue else { return nil }
        return try? BucketPolicy(parsing: text)
    }

    /// Whether one of the four settings of the public access block is on.
    func blocks(_ setting: String) -> Bool {
        configuration[BucketDocument.publicAccessBlock]?[setting]?.boolValue ?? false
    }
}

extension Caller {
    var isAccountRoot: Bool { principal.hasSuffix(":root") }
}

/// Accounts as S3's answers name them.
enum Owner {
    /// The canonical user id of an account: 64 hexadecimal digits.
    static func id(of account: String) -> String {
        guard !account.isEmpty else { return anonymous }
        return SHA256.hash(data: Array("canonical user of \(account)".utf8)).hexadecimal
    }

    /// The owner of what was written without a signature.
    static let anonymous = "65a011a29cdf8ec533ec3d1ccaae921c"

    static func json(_ account: String) -> JSON { ["ID": .string(id(of: account))] }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
