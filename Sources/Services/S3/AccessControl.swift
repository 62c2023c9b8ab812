import AWSProtocol
import JSON

/// Access control lists, where a bucket's ownership setting leaves them on.
///
/// Grants are kept as the model has them: a `Grantee` and a `Permission`.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
enum AccessControl {
    static let everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    static let authenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    static let logDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"

    private static let headers = [
        "GrantFullControl": "FULL_CONTROL", "GrantRead": "READ", "GrantReadACP": "READ_ACP", "GrantWrite": "WRITE",
        "GrantWriteACP": "WRITE_ACP",
    ]

    /// Whether the request grants by headers.
    static func hasGrants(_ request: AWSRequest) -> Bool { headers.keys.contains { request[$0] != nil } }

    /// What an object keeps of the request's ACL: `Grants`, or nothing where its owner alone has access.
    /// - Throws: `AccessControlListNotSupported` where the bucket has ACLs off.
    static func attributes(_ request: AWSRequest, in bucket: BucketRecord) throws(AWSError) -> JSON.Object {
        guard request["ACL"] != nil || hasGrants(request) else { return [:] }
        guard bucket.objectOwnership != "BucketOwnerEnforced" else {
            guard request.string("ACL") == "bucket-owner-full-control", !hasGrants(request) else {
                throw .accessControlListsDisabled
            }
            return [:]
        }
        let owner = bucket.owner(request)
        let grants = try grants(request, owner: owner, bucketOwner: bucket.account)
        try refusePublic(grants, in: bucket)
        return ["Grants": grants]
    }

    /// The grants that a request for a new bucket makes.
    static func bucketGrants(_ request: AWSRequest, of bucket: BucketRecord) throws(AWSError) -> JSON? {
        guard request["ACL"] != nil || hasGrants(request) else { return nil }
        return try grants(request, owner: bucket.account, bucketOwner: bucket.account)
    }

    /// The grants that a request makes: by a canned ACL, by headers, or by a document.
    static func grants(_ request: AWSRequest, owner: String, bucketOwner: String) throws(AWSError) -> JSON {
        if let document = request["AccessControlPolicy"] {
            let grants = document["Grants"]?.arrayValue ?? []
            for grant in grants {
                guard grant["Permission"] != nil, let grantee = grant["Grantee"] else { throw .malformedACL }
                try check(grantee)
            }
            return .array(grants)
        }
        if hasGrants(request) { return try headerGrants(request) }
        return canned(request.string("ACL") ?? "private", owner: owner, bucketOwner: bucketOwner)
    }

    private static func canned(_ acl: String, owner: String, bucketOwner: String) -> JSON {
        var grants = [grant(user: Owner.id(of: owner), "FULL_CONTROL")]
        switch acl {
        case "public-read": grants.append(grant(group: everybody, "READ"))
        case "public-read-write": grants += [grant(group: everybody, "READ"), grant(group: everybody, "WRITE")]
        case "authenticated-read": grants.append(grant(group: authenticated, "READ"))
        case "log-delivery-write":
            grants += [grant(group: logDelivery, "WRITE"), grant(group: logDelivery, "READ_ACP")]
        case "bucket-owner-read" where owner != bucketOwner:
            grants.append(grant(user: Owner.id(of: bucketOwner), "READ"))
        case "bucket-owner-full-control" where owner != bucketOwner:
            grants.append(grant(user: Owner.id(of: bucketOwner), "FULL_CONTROL"))
        default: break
        }
        return .array(grants)
    }

    /// `x-amz-grant-read: id="…", uri="…"`.
    private static func headerGrants(_ request: AWSRequest) throws(AWSError) -> JSON {
        var grants: [JSON] = []
        for (member, permission) in headers.sorted(by: { $0.key < $1.key }) {
            guard let header = request.string(member) else { continue }
            for item in header.split(separator: ",") {
                let pair = item.trimmed.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { throw .invalidArgument("Argument format not recognized", member, header) }
                let value = EntityTags.unquoted(pair[1].trimmed)
                let grantee: JSON
                switch pair[0].trimmed {
                case "id": grantee = ["ID": .string(value), "Type": "CanonicalUser"]
                case "uri": grantee = ["URI": .string(value), "Type": "Group"]
                case "emailAddress": throw .unresolvableEmail
                default: throw .invalidArgument("Argument format not recognized", member, header)
                }
                try check(grantee)
                grants.append(["Grantee": grantee, "Permission": .string(permission)])
            }
        }
        return .array(grants)
    }

    private static func check(_ grantee: JSON) throws(AWSError) {
        if grantee["EmailAddress"] != nil { throw .unresolvableEmail }
        if let id = grantee["ID"]?.stringValue {
            guard id == Owner.anonymous || id.utf8.count == 64 else {
                throw .invalidArgument("Invalid id", "CanonicalUser/ID", id)
            }
        } else if let uri = grantee["URI"]?.stringValue {
            guard [everybody, authenticated, logDelivery].contains(uri) else {
                throw .invalidArgument("Invalid group uri", "uri", uri)
            }
        } else {
            throw .malformedACL
        }
    }

    /// - Throws: `AccessDenied` where the bucket blocks public ACLs and one of the grants is for everybody.
    static func refusePublic(_ grants: JSON, in bucket: BucketRecord) throws(AWSError) {
        guard bucket.blocks("BlockPublicAcls") else { return }
        let isPublic = (grants.arrayValue ?? []).contains { grant in
            [everybody, authenticated].contains(grant["Grantee"]?["URI"]?.stringValue)
        }
        if isPublic { throw .accessDenied() }
    }

    private static func grant(user: String, _ permission: JSON) -> JSON {
        ["Grantee": ["ID": .string(user), "Type": "CanonicalUser"], "Permission": permission]
    }

    private static func grant(group: String, _ permission: JSON) -> JSON {
        ["Grantee": ["URI": .string(group), "Type": "Group"], "Permission": permission]
    }

    /// The grants of a bucket or an object: the owner's alone where there are no others.
    static func answer(_ grants: JSON?, owner: String) -> AWSResponse {
        .output([
            "Owner": Owner.json(owner),
            "Grants": grants ?? [grant(user: Owner.id(of: owner), "FULL_CONTROL")],
        ])
    }
}

extension AWSError {
    fileprivate static let malformedACL = AWSError(
        "MalformedACLError",
        "The XML you provided was not well-formed or did not validate against our published schema"
    )

    fileprivate static let unresolvableEmail = AWSError(
        "UnresolvableGrantByEmailAddress",
        "The email address you provided does not match any account on record."
    )
}

extension BucketRecord {
    /// Whether an ACL of the bucket or of the object allows what nobody's policy speaks of.
    func grantsAllow(_ request: AWSRequest, _ action: String, key: String?, object: ObjectRecord?) -> Bool {
        guard objectOwnership != "BucketOwnerEnforced" else { return false }
        let permission: String
        let grants: JSON?
        switch action {
        case "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging":
            (permission, grants) = ("READ", object?.attributes["Grants"])
        case "s3:GetObjectAcl", "s3:GetObjectVersionAcl":
            (permission, grants) = ("READ_ACP", object?.attributes["Grants"])
        case "s3:PutObjectAcl", "s3:PutObjectVersionAcl":
            (permission, grants) = ("WRITE_ACP", object?.attributes["Grants"])
        case "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads":
            (permission, grants) = ("READ", configuration[BucketDocument.grants])
        case "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts":
            (permission, grants) = ("WRITE", configuration[BucketDocument.grants])
        case "s3:GetBucketAcl": (permission, grants) = ("READ_ACP", configuration[BucketDocument.grants])
        case "s3:PutBucketAcl": (permission, grants) = ("WRITE_ACP", configuration[BucketDocument.grants])
        default: return false
        }
        if action.hasPrefix("s3:GetObject"), let object, object.account == request.caller.account { return true }
        return (grants?.arrayValue ?? []).contains { isGrant($0, of: permission, to: request.caller) }
    }

    private func isGrant(_ grant: JSON, of permission: String, to caller: Caller) -> Bool {
        guard [permission, "FULL_CONTROL"].contains(grant["Permission"]?.stringValue) else { return false }
        let grantee = grant["Grantee"]
        if let id = grantee?["ID"]?.stringValue { return id == Owner.id(of: caller.account) }
        guard !blocks("IgnorePublicAcls") else { return false }
        switch grantee?["URI"]?.stringValue {
        case AccessControl.everybody: return true
        case AccessControl.authenticated: return !caller.isAnonymous
        default: return false
        }
    }
}
