import AWSProtocol
import GRDB
import JSON
import Store

extension ServiceEvents {
    /// Tells of an endpoint that is new, is deleted or has another status than before.
    /// - Parameter status: As events write it, where it is not that of the record: `DELETING`.
    func tell(_ endpoint: EndpointRecord, status: String? = nil, at now: Timestamp, in db: Database) throws {
        try tell("SageMaker Endpoint State Change", of: endpoint.owner, about: endpoint.arn, at: now, in: db) {
            var detail = try endpoint.eventDetail(in: db)
            if let status { detail["EndpointStatus"] = .string(status) }
            return detail
        }
    }

    /// Tells of a step of the deployment that an update of an endpoint makes.
    func tell(_ endpoint: EndpointRecord, _ step: DeploymentStep, at now: Timestamp, in db: Database) throws {
        guard let pending = endpoint.pending else { return }
        try tell("SageMaker Endpoint Deployment State Change", of: endpoint.owner, about: endpoint.arn, at: now, in: db)
        {
            var detail = try endpoint.eventDetail(in: db)
            detail["PendingDeploymentSummary"] = [
                "EndpointConfigName": .string(pending.configName),
                "StartTime": endpoint.resource.modified.eventJSON,
                "ProductionVariants": .array(pending.variants.map { step.summary(of: $0, at: now) }),
            ]
            return detail
        }
    }
}

/// What an update of an endpoint is doing: the `VariantStatus` of the variants that are to take over.
enum DeploymentStep: Sendable {
    case creating
    /// - share: The part of the traffic that the new instances get.
    case activatingTraffic(share: Double)
    case baking(share: Double, seconds: Double)

    private var status: String {
        switch self {
        case .creating: "Creating"
        case .activatingTraffic: "ActivatingTraffic"
        case .baking: "Baking"
        }
    }

    private func message(instances count: Int) -> String {
        switch self {
        case .creating: "Launching \(count) instance(s)."
        case .activatingTraffic(let share):
            "Activating traffic on \(share < 1 ? "canary" : "full") capacity of \(count) instance(s)."
        case .baking(let share, let seconds):
            "Baking for \(Int(seconds)) seconds (TerminationWaitInSeconds) with traffic enabled on "
                + "\(share < 1 ? "canary" : "full") capacity of \(count) instance(s)."
        }
    }

    fileprivate func summary(of variant: EndpointDeployment.Variant, at now: Timestamp) -> JSON {
        let all = variant.instanceCount
        let taking = all.map { count in
            switch self {
            case .creating: count
            case .activatingTraffic(let share), .baking(let share, _): Int((Double(count) * share).rounded(.up))
            }
        }
        return .compact([
            "VariantName": .string(variant.name),
            "CurrentWeight": .double(variant.weight),
            "DesiredWeight": .double(variant.weight),
            "CurrentInstanceCount": taking.map { .integer($0) },
            "DesiredInstanceCount": all.map { .integer($0) },
            "VariantStatus": [
                [
                    "Status": .string(status),
                    "StatusMessage": .string(message(instances: taking ?? 1)),
                    "StartTime": now.eventJSON,
                ]
            ],
        ])
    }
}

extension EndpointStatus {
    /// `IN_SERVICE`
    fileprivate var eventText: String {
        switch self {
        case .creating: "CREATING"
        case .updating: "UPDATING"
        case .rollingBack: "ROLLING_BACK"
        case .inService: "IN_SERVICE"
        case .failed: "FAILED"
        }
    }
}

extension EndpointRecord {
    fileprivate func eventDetail(in db: Database) throws -> JSON.Object {
        let deployment = current ?? pending
        return .compact([
            "EndpointName": .string(name),
            "EndpointArn": .string(arn),
            "EndpointConfigName": (deployment?.configName ?? failedConfigName).map { .string($0) },
            "ProductionVariants": deployment.map { deployment in
                .array(
                    deployment.variants.map { variant in
                        .compact([
                            "VariantName": .string(variant.name),
                            "CurrentWeight": current == nil ? nil : .double(variant.weight),
                            "DesiredWeight": .double(variant.weight),
                            "CurrentInstanceCount": current == nil ? nil : variant.instanceCount.map { .integer($0) },
                            "DesiredInstanceCount": variant.instanceCount.map { .integer($0) },
                        ])
                    }
                )
            },
            "EndpointStatus": .string(status.eventText),
            "FailureReason": failureReason.map { .string($0) },
            "CreationTime": resource.created.eventJSON,
            "LastModifiedTime": resource.modified.eventJSON,
            "Tags": try SageMakerService.eventTags(of: arn, in: db),
        ])
    }
}
