import AWSProtocol
import GRDB
import JSON
import Store

/// Model packages: the versions of a group, named `GROUP/NUMBER`, and packages of their own. They are stored under the
/// name that their ARN has, which AWS writes in small letters.
extension SageMakerService {
    var modelPackageOperations: [String: OperationHandler] {
        [
            "CreateModelPackage": createModelPackage,
            "DescribeModelPackage": describeModelPackage,
            "BatchDescribeModelPackage": batchDescribeModelPackage,
            "ListModelPackages": listModelPackages,
            "UpdateModelPackage": updateModelPackage,
            "DeleteModelPackage": deleteModelPackage,
        ]
    }

    /// `CreateModelPackage`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
    func createModelPackage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = request.string("ModelPackageName")
        let group = request.string("ModelPackageGroupName").map { Self.name($0, .modelPackageGroup) }
        guard name == nil || group == nil else {
            throw AWSError(
                "ValidationException",
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
                    + "to use."
            )
        }
        guard let base = name ?? group else { throw AWSError("ValidationException", "Missing ARN.") }
        let caller = request.caller
        var document = Self.document(request)
        document["ModelPackageGroupName"] = group.map { .string($0) }
        document["CertifyForMarketplace"] = document["CertifyForMarketplace"] ?? false
        let token = request.string("ClientToken")
        document["ClientToken"] = token.map { .string($0) }
        if group != nil, document["ModelApprovalStatus"] == nil {
            document["ModelApprovalStatus"] = "PendingManualApproval"
        }
        var draft = ResourceRecord(
            .modelPackage,
            base.lowercased(),
            of: caller,
            created: clock.now(),
            document: document
        )
        draft.status = "Completed"
        let package = try await store.write { [draft, tags = request["Tags"], events = store.events] db in
            var package = draft
            if let group {
                if let former = try Self.modelPackage(createdWith: token, in: group, caller, db) { return former }
                try Self.number(&package, in: group, caller, db)
            } else if try ResourceRecord.find(.modelPackage, package.name, of: caller, in: db) != nil {
                throw AWSError("ConflictException", "Model Package already exists: \(package.arn)")
            }
            try package.insert(in: db)
            try Self.setTags(tags, of: package.arn, in: db)
            try Self.makeLineage(of: package, in: db)
            try events.tell(modelPackage: package, in: db)
            return package
        }
        return .output(["ModelPackageArn": .string(package.arn)])
    }

    /// `DescribeModelPackage`
    func describeModelPackage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelPackageName")
        let package = try await store.read { [caller = request.caller] db in
            try Self.requireModelPackage(name, caller, in: db)
        }
        return AWSResponse(Self.description(ofPackage: package))
    }

    static func description(ofPackage package: ResourceRecord) -> JSON.Object {
        var output = package.document
        output["ClientToken"] = nil
        output["ModelPackageArn"] = .string(package.arn)
        output["ModelPackageStatus"] = .string(package.status)
        output["ModelPackageStatusDetails"] = ["ValidationStatuses": [], "ImageScanStatuses": []]
        output["SkipModelValidation"] = output["SkipModelValidation"] ?? "None"
        output["CreationTime"] = package.created.json
        if package.document["LastModifiedBy"] != nil { output["LastModifiedTime"] = package.modified.json }
        return output
    }

    /// `BatchDescribeModelPackage`
    func batchDescribeModelPackage(_ request: AWSRequest) async throws -> AWSResponse {
        let arns = request.strings("ModelPackageArnList")
        let (found, missing) = try await store.read { [caller = request.caller] db in
            var (found, missing): (JSON.Object, JSON.Object) = ([:], [:])
            for arn in arns {
                do {
                    let package = try Self.requireModelPackage(arn, caller, in: db)
                    found[arn] = .object(Self.summary(ofPackage: package, ["InferenceSpecification"]))
                } catch let error as AWSError {
                    missing[arn] = ["ErrorCode": .string(error.code), "ErrorResponse": .string(error.message)]
                }
            }
            return (found, missing)
        }
        return .output([
            "ModelPackageSummaries": .object(found),
            "BatchDescribeModelPackageErrorMap": missing.isEmpty ? nil : .object(missing),
        ])
    }

    /// `ListModelPackages`: those of a group where the request names one, else by default those without a group.
    func listModelPackages(_ request: AWSRequest) async throws -> AWSResponse {
        let group = request.string("ModelPackageGroupName").map { Self.name($0, .modelPackageGroup) }
        var conditions: [ListingCondition] = []
        if let group {
            conditions.append(ListingCondition("json_extract(document, '$.ModelPackageGroupName') = ?", group))
        } else {
            switch request.string("ModelPackageType") ?? "Unversioned" {
            case "Versioned":
                conditions.append(ListingCondition("json_extract(document, '$.ModelPackageGroupName') IS NOT NULL"))
            case "Unversioned":
                conditions.append(ListingCondition("json_extract(document, '$.ModelPackageGroupName') IS NULL"))
            default: break
            }
        }
        if let status = request.string("ModelApprovalStatus") {
            conditions.append(ListingCondition("json_extract(document, '$.ModelApprovalStatus') = ?", status))
        }
        return try await listResources(
            .modelPackage,
            request,
            "ModelPackageSummaryList",
            isDescending: false,
            where: conditions
        ) { package in
            .object(Self.summary(ofPackage: package, ["ModelPackageName", "ModelLifeCycle"]))
        }
    }

    /// `UpdateModelPackage`: approval above all.
    func updateModelPackage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelPackageArn")
        let now = clock.now()
        let package = try await store.write { [events = store.events] db in
            var package = try Self.requireModelPackage(name, request.caller, in: db)
            if request["ModelApprovalStatus"] != nil, package.document["ModelPackageGroupName"] == nil {
                throw AWSError(
                    "ValidationException",
                    "ModelApprovalStatus cannot be updated for the unversioned model package \(package.arn)."
                )
            }
            package.apply(
                [
                    "ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard",
                    "ModelLifeCycle", "ModelPackageRegistrationType",
                ],
                of: request,
                at: now
            )
            package.merge(
                "CustomerMetadataProperties",
                of: request,
                removing: "CustomerMetadataPropertiesToRemove"
            )
            if let more = request["AdditionalInferenceSpecificationsToAdd"]?.arrayValue {
                let former = package.document["AdditionalInferenceSpecifications"]?.arrayValue ?? []
                package.document["AdditionalInferenceSpecifications"] = .array(former + more)
            }
            try package.update(in: db)
            try events.tell(modelPackage: package, updatedBy: request.input, in: db)
            return package
        }
        return .output(["ModelPackageArn": .string(package.arn)])
    }

    /// `DeleteModelPackage`
    func deleteModelPackage(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelPackageName")
        let caller = request.caller
        try await store.write { db in
            try Self.deleteResource(try Self.requireModelPackage(name, caller, in: db), in: db)
        }
        return AWSResponse()
    }

    // MARK: -

    /// - Parameter name: A package's name, `GROUP/NUMBER`, or its ARN.
    static func requireModelPackage(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        let stored = Self.name(name, .modelPackage).lowercased()
        if let package = try ResourceRecord.find(.modelPackage, stored, of: caller, in: db) { return package }
        let arn = ResourceRecord.arn(.modelPackage, stored, caller)
        throw AWSError("ValidationException", "ModelPackage \(arn) does not exist.")
    }

    private static func summary(ofPackage package: ResourceRecord, _ more: [String]) -> JSON.Object {
        var summary: JSON.Object = .compact([
            "ModelPackageGroupName": package.document["ModelPackageGroupName"],
            "ModelPackageVersion": package.document["ModelPackageVersion"],
            "ModelPackageArn": .string(package.arn),
            "ModelPackageDescription": package.document["ModelPackageDescription"],
            "CreationTime": package.created.json,
            "ModelPackageStatus": .string(package.status),
            "ModelApprovalStatus": package.document["ModelApprovalStatus"],
            "ModelPackageRegistrationType": package.document["ModelPackageRegistrationType"],
        ])
        for member in more { summary[member] = package.document[member] }
        return summary
    }

    /// Gives a package the next number of its group; numbers of deleted ones are not given again.
    private static func number(
        _ package: inout ResourceRecord,
        in groupName: String,
        _ caller: Caller,
        _ db: Database
    ) throws {
        guard var group = try ResourceRecord.find(.modelPackageGroup, groupName, of: caller, in: db) else {
            throw AWSError("ValidationException", "Model Package Group does not exist.")
        }
        let version = (group.document["LastVersion"]?.intValue ?? 0) + 1
        group.document["LastVersion"] = .integer(version)
        try group.update(in: db)
        package.name = "\(groupName.lowercased())/\(version)"
        package.document["ModelPackageVersion"] = .integer(version)
    }

    /// The package that a request with the same token made.
    private static func modelPackage(
        createdWith token: String?,
        in groupName: String,
        _ caller: Caller,
        _ db: Database
    ) throws -> ResourceRecord? {
        guard let token, let group = try ResourceRecord.find(.modelPackageGroup, groupName, of: caller, in: db) else {
            return nil
        }
        return try modelPackages(of: group, in: db).first { $0.document["ClientToken"]?.stringValue == token }
    }
}
