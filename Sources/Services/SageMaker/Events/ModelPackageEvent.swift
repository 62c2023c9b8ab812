import AWSProtocol
import GRDB
import JSON
import Store

extension ServiceEvents {
    private static let modelPackageMembers = [
        "ModelPackageName", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn",
        "ModelPackageDescription", "CreationTime", "InferenceSpecification", "SourceAlgorithmSpecification",
        "ValidationSpecification", "ModelPackageStatus", "ModelPackageStatusDetails", "CertifyForMarketplace",
        "ModelApprovalStatus", "ApprovalDescription", "MetadataProperties", "ModelMetrics",
        "CustomerMetadataProperties", "DriftCheckBaselines", "Domain", "Task", "SamplePayloadUrl",
        "AdditionalInferenceSpecifications", "ModelLifeCycle", "UpdatedModelPackageFields", "LastModifiedTime", "Tags",
    ]

    /// The members whose update is told by name, and how events write them.
    private static let updatedMembers = [
        "ModelApprovalStatus": "ModelApprovalStatus", "ApprovalDescription": "ApprovalDescription",
        "SourceUri": "sourceUri", "CustomerMetadataProperties": "CustomerMetadataProperties",
        "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
        "InferenceSpecification": "InferenceSpecification", "ModelLifeCycle": "ModelLifeCycle",
    ]

    /// Tells of a model package that is new or changed: above all, approved or rejected.
    /// - Parameter update: The input of the operation that changed it; nil where it is new.
    func tell(modelPackage package: ResourceRecord, updatedBy update: JSON.Object? = nil, in db: Database) throws {
        try tell(
            "SageMaker Model Package State Change",
            of: package.owner,
            about: package.arn,
            at: package.modified,
            in: db
        ) {
            var detail = SageMakerService.description(ofPackage: package)
            detail["CreationTime"] = .string(package.created.iso8601Seconds)
            detail["LastModifiedTime"] = .string(package.modified.iso8601Seconds)
            if let update {
                var fields: [String] = []
                for (member, _) in update {
                    guard let field = Self.updatedMembers[member], !fields.contains(field) else { continue }
                    fields.append(field)
                }
                detail["UpdatedModelPackageFields"] = .array(fields.map { .string($0) })
            }
            // Versions of a group have no tags of their own.
            if detail["ModelPackageGroupName"] == nil {
                detail["Tags"] = try SageMakerService.eventTags(of: package.arn, in: db)
            }
            return detail.picking(Self.modelPackageMembers)
        }
    }
}
