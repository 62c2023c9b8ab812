import AWSProtocol
import JSON
import NIOCore
import PipelineLanguage

/// A QualityCheck or ClarifyCheck step: a job that computes a new baseline and compares the data with a former one. For
/// QualityCheck that is the built-in model monitor, for ClarifyCheck what stands in for Clarify's image.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-quality-clarify-baseline-lifecycle.html>
struct BaselineCheck: Sendable {
    /// Where statistics and constraints lie in S3.
    struct Baseline: Sendable, Equatable {
        var statistics: String?
        var constraints: String?
    }

    private static let directory = "/opt/ml/processing/baseline"

    private let type: String
    private let isClarify: Bool
    /// The model that Clarify asks for predictions.
    private let model: JSON?
    private let group: String?
    private let skipsCheck: Bool
    private let registersNewBaseline: Bool
    private let failsOnViolation: Bool
    private let supplied: Baseline
    private let job: JSON

    /// - Parameter arguments: Those of the step, resolved.
    init(_ step: StepType, _ arguments: JSON) {
        isClarify = step == .clarifyCheck
        model = arguments["ModelName"]
        type = arguments["CheckType"]?.stringValue ?? ""
        group = arguments["ModelPackageGroupName"]?.stringValue
        skipsCheck = Self.isTrue(arguments["SkipCheck"], otherwise: false)
        registersNewBaseline = Self.isTrue(arguments["RegisterNewBaseline"], otherwise: false)
        failsOnViolation = Self.isTrue(arguments["FailOnViolation"], otherwise: true)
        supplied = Baseline(
            statistics: arguments["SuppliedBaselineStatistics"]?.stringValue,
            constraints: arguments["SuppliedBaselineConstraints"]?.stringValue
        )
        job = arguments["Arguments"] ?? [:]
    }

    /// Parameters of a pipeline may carry truth values as texts.
    private static func isTrue(_ value: JSON?, otherwise: Bool) -> Bool {
        value?.boolValue ?? value?.stringValue.map { $0.lowercased() == "true" } ?? otherwise
    }

    // MARK: Baselines

    /// The baseline to compare with: the one that the step names, else that of the group's latest approved model.
    /// - Throws: `StepFailure` where there is none and the step needs one.
    func formerBaseline(_ aws: any AWSCaller, _ caller: Caller) async throws(StepFailure) -> Baseline {
        var former = supplied
        if former.constraints == nil || (former.statistics == nil && !isClarify), let group {
            let registered = try await registeredBaseline(group, aws, caller)
            former.constraints = former.constraints ?? registered.constraints
            former.statistics = former.statistics ?? registered.statistics
        }
        guard former.constraints == nil, !skipsCheck || !registersNewBaseline else { return former }
        throw StepFailure(
            "ClientError: There is no former baseline of \(type): supply one, or name a model package group whose latest "
                + "approved model has DriftCheckBaselines, or begin with skip_check and register_new_baseline"
        )
    }

    private func registeredBaseline(
        _ group: String,
        _ aws: any AWSCaller,
        _ caller: Caller
    ) async throws(StepFailure) -> Baseline {
        var operation: Operation = "sagemaker:ListModelPackages"
        do {
            let query: JSON = [
                "ModelPackageGroupName": .string(group), "ModelApprovalStatus": "Approved", "SortBy": "CreationTime",
                "SortOrder": "Descending", "MaxResults": 1,
            ]
            let listed = try await aws.call(operation, query, as: caller)
            guard let latest = listed["ModelPackageSummaryList"]?[0]?["ModelPackageArn"] else { return Baseline() }
            operation = "sagemaker:DescribeModelPackage"
            let package = try await aws.call(operation, ["ModelPackageName": latest], as: caller)
            let (member, constraints) = Self.registeredMembers(type)
            let baselines = package["DriftCheckBaselines"]?[member]
            return Baseline(
                statistics: baselines?["Statistics"]?["S3Uri"]?.stringValue,
                constraints: baselines?[constraints]?["S3Uri"]?.stringValue
            )
        } catch {
            throw StepFailure(error, calling: operation)
        }
    }

    /// Where a model package's `DriftCheckBaselines` has a check's constraints.
    private static func registeredMembers(_ type: String) -> (member: String, constraints: String) {
        switch type {
        case "MODEL_QUALITY": ("ModelQuality", "Constraints")
        case "DATA_BIAS": ("Bias", "PreTrainingConstraints")
        case "MODEL_BIAS": ("Bias", "PostTrainingConstraints")
        case "MODEL_EXPLAINABILITY": ("Explainability", "Constraints")
        default: ("ModelDataQuality", "Constraints")
        }
    }

    /// The baseline that the job computes.
    private var calculated: Baseline {
        if isClarify { return Baseline(constraints: file("analysis.json")) }
        return Baseline(statistics: file("statistics.json"), constraints: file("constraints.json"))
    }

    private func file(_ name: String) -> String? {
        let output = job["ProcessingOutputConfig"]?["Outputs"]?[0]?["S3Output"]?["S3Uri"]?.stringValue
        return output.flatMap { S3Location($0) }?.appending(name).uri
    }

    // MARK: The job

    /// The job's arguments, with the former baseline as inputs where there is a comparison to make.
    func job(comparedWith former: Baseline) -> JSON {
        var job = job
        var inputs = job["ProcessingInputs"]?.arrayValue ?? []
        var environment = job["Environment"]?.objectValue ?? [:]
        environment["model_name"] = model
        if !environment.isEmpty { job["Environment"] = .object(environment) }
        guard !skipsCheck else { return job }
        for (name, uri) in [("statistics", former.statistics), ("constraints", former.constraints)] {
            guard let uri, let file = S3Location(uri)?.key.split(separator: "/").last else { continue }
            let path = "\(Self.directory)/\(name)"
            inputs.append([
                "InputName": .string("baseline_\(name)"),
                "S3Input": [
                    "S3Uri": .string(uri), "LocalPath": .string(path), "S3DataType": "S3Prefix", "S3InputMode": "File",
                ],
            ])
            environment["baseline_\(name)"] = .string("\(path)/\(file)")
        }
        job["ProcessingInputs"] = .array(inputs)
        job["Environment"] = .object(environment)
        return job
    }

    /// What the step is described with beside its job.
    func metadata(_ former: Baseline) -> JSON.Object {
        var members = properties(former)
        members["CheckType"] = .string(type)
        members["ModelPackageGroupName"] = group.map { .string($0) }
        members["SkipCheck"] = .bool(skipsCheck)
        members["RegisterNewBaseline"] = .bool(registersNewBaseline)
        return members
    }

    /// What other steps can read of the step.
    func properties(_ former: Baseline) -> JSON.Object {
        let used = registersNewBaseline ? calculated : former
        return .compact([
            "CalculatedBaselineConstraints": calculated.constraints.map { .string($0) },
            "CalculatedBaselineStatistics": calculated.statistics.map { .string($0) },
            "BaselineUsedForDriftCheckConstraints": used.constraints.map { .string($0) },
            "BaselineUsedForDriftCheckStatistics": used.statistics.map { .string($0) },
        ])
    }

    /// The report's place, and the violations in it; nil where nothing was compared.
    func violations(_ aws: any AWSCaller, _ caller: Caller) async throws(StepFailure) -> (uri: String, list: [JSON])? {
        guard !skipsCheck, let uri = file("constraint_violations.json"), let location = S3Location(uri) else {
            return nil
        }
        let operation: Operation = "s3:GetObject"
        do {
            let input: JSON.Object = ["Bucket": .string(location.bucket), "Key": .string(location.key)]
            let answer = try await aws.send(AWSRequest(operation, input, caller: caller))
            let text = try await answer.body?.collect(upTo: 64 << 20)
            let report = try JSON(parsing: text.map { String(buffer: $0) } ?? "")
            return (uri, report["violations"]?.arrayValue ?? [])
        } catch let error as AWSError {
            // Clarify reports where it found some.
            if isClarify, error.code == "NoSuchKey" { return nil }
            throw StepFailure(error, calling: operation)
        } catch {
            throw StepFailure("ClientError: The violations at \(uri) cannot be read: \(error)")
        }
    }

    /// Why the step fails; nil where it does not.
    func failure(_ violations: [JSON], at uri: String) -> StepFailure? {
        guard failsOnViolation, !violations.isEmpty else { return nil }
        let shown = violations.prefix(5).map { violation in
            let name = violation["feature_name"] ?? violation["facet"] ?? violation["metric_name"]
            let subject = name?.stringValue.map { "\($0): " } ?? ""
            return subject + (violation["description"]?.stringValue ?? "")
        }
        return StepFailure(
            "ClientError: The \(type) check found \(violations.count) violations, reported in \(uri). "
                + shown.joined(separator: "; ")
        )
    }
}

extension StepPerformer {
    /// Computes the new baseline and compares with the former one, as far as the step asks for it.
    func check(_ call: StepCall, _ stop: StopSignal, _ report: @escaping Report) async throws {
        guard let resource = StepResource(call.step.type) else { return }
        let check = BaselineCheck(call.step.type, call.arguments)
        let former = try await check.formerBaseline(aws, caller)
        try await make(
            resource,
            call,
            check.job(comparedWith: former),
            stop,
            more: check.metadata(former),
            outcome: { _, metadata in
                var metadata = metadata
                let found = try await check.violations(aws, caller)
                if let found { metadata[resource.metadataMember]?["ViolationReport"] = .string(found.uri) }
                if let found, let failure = check.failure(found.list, at: found.uri) {
                    return .failed(step: call.step.name, failure, metadata: metadata)
                }
                return .succeeded(step: call.step.name, output: .object(check.properties(former)), metadata: metadata)
            },
            report
        )
    }
}
