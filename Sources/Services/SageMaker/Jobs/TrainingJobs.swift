import AWSProtocol
import Compute
import JSON
import Store

extension SageMakerService {
    /// `CreateTrainingJob`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    func createTrainingJob(_ request: AWSRequest) async throws -> AWSResponse {
        guard let algorithm = request["AlgorithmSpecification"],
            algorithm["TrainingImage"] != nil || algorithm["AlgorithmName"] != nil
        else {
            throw AWSError(
                "ValidationException",
                "Either TrainingImage or AlgorithmName must be specified in AlgorithmSpecification."
            )
        }
        let channels = request["InputDataConfig"]?.arrayValue?.compactMap { $0["ChannelName"]?.stringValue } ?? []
        guard Set(channels).count == channels.count else {
            throw AWSError("ValidationException", "Duplicate channel names are not allowed in InputDataConfig.")
        }
        try requireTimes(request)
        return try await createJob(.training, request) { job throws(PlanError) in
            _ = try job.plan()
        } check: { job in
            let access = try await context.access(job)
            let transfer = S3Transfer(aws: aws, caller: access.caller, host: context.host)
            for input in try job.plan().inputs where !input.isOptional {
                if try await transfer.isEmpty(input.source) {
                    throw Self.noObjects(input.source, request.string("RoleArn") ?? "", request.caller.region)
                }
            }
            return access
        }
    }

    /// Spot training has a limit on waiting, others have none.
    private func requireTimes(_ request: AWSRequest) throws(AWSError) {
        let condition = request["StoppingCondition"]
        let wait = condition?["MaxWaitTimeInSeconds"]?.intValue
        guard request["EnableManagedSpotTraining"].isTrue else {
            guard wait == nil else {
                throw AWSError(
                    "ValidationException",
                    "MaxWaitTimeInSeconds should not be specified when EnableManagedSpotTraining is set to false."
                )
            }
            return
        }
        let runtime = condition?["MaxRuntimeInSeconds"]?.intValue ?? JobPlan.defaultMaximumSeconds
        guard let wait, wait >= runtime else {
            throw AWSError(
                "ValidationException",
                """
                Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds \
                when EnableManagedSpotTraining is set to true.
                """
            )
        }
    }

    /// `UpdateTrainingJob`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
    func updateTrainingJob(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("TrainingJobName")
        let (caller, input, now) = (request.caller, request.input, clock.now())
        let arn = try await store.write { [board = context.board] db in
            guard var job = try JobRecord.find(.training, name, of: caller, in: db).map(board.current) else {
                throw Self.unknownJob(.training, name, code: "ResourceNotFound")
            }
            let isKept = job.warmPool(at: now)?.status == .available
            let changesOnlyPool = input["ProfilerConfig"] == nil && input["ProfilerRuleConfigurations"] == nil
            guard job.state.status == .inProgress || (isKept && changesOnlyPool) else {
                throw AWSError(
                    "ValidationException",
                    "The request was rejected because the training job is in status \(job.state.status.rawValue)."
                )
            }
            if let period = input["ResourceConfig"]?["KeepAlivePeriodInSeconds"] {
                job.request["ResourceConfig"]?["KeepAlivePeriodInSeconds"] = period
            }
            for member in ["ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig"] {
                if let value = input[member] { job.request[member] = value }
            }
            try job.updateRequest(in: db)
            return job.arn
        }
        return .output(["TrainingJobArn": .string(arn)])
    }

    /// `DescribeTrainingJob`
    func describeTrainingJob(_ request: AWSRequest) async throws -> AWSResponse {
        let job = try await findJob(.training, request)
        var output = Self.description(ofTrainingJob: job)
        output["WarmPoolStatus"] = job.warmPool(at: clock.now())?.json
        output["TuningJobArn"] = try await tuningJob(of: job).map { .string($0) }
        output["AutoMLJobArn"] = try await autoMLJob(of: job).map { .string($0) }
        return AWSResponse(output)
    }

    static func description(ofTrainingJob job: JobRecord) -> JSON.Object {
        var output = job.request
        output["AlgorithmSpecification"] = algorithm(of: job)
        output["InputDataConfig"] = output["InputDataConfig"].map { channels in
            .array((channels.arrayValue ?? []).map(completed))
        }
        if var target = output["OutputDataConfig"] {
            target["KmsKeyId"] = target["KmsKeyId"] ?? ""
            target["CompressionType"] = target["CompressionType"] ?? "GZIP"
            output["OutputDataConfig"] = target
        }
        output["StoppingCondition"] =
            output["StoppingCondition"] ?? ["MaxRuntimeInSeconds": .integer(JobPlan.defaultMaximumSeconds)]
        for flag in ["EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"] {
            output[flag] = output[flag] ?? false
        }
        output.merge(course(of: job))
        return output
    }

    /// The members that tell how far the job is.
    private static func course(of job: JobRecord) -> JSON.Object {
        let state = job.state
        return .compact([
            "TrainingJobArn": .string(job.arn),
            "ModelArtifacts": state.modelArtifacts.map { ["S3ModelArtifacts": .string($0)] },
            "TrainingJobStatus": .string(state.status.rawValue),
            "SecondaryStatus": .string(state.stage.rawValue),
            "FailureReason": state.failureReason.map { .string($0) },
            "CreationTime": job.created.json,
            "TrainingStartTime": state.started?.json,
            "TrainingEndTime": state.ended?.json,
            "LastModifiedTime": state.modified.json,
            "SecondaryStatusTransitions": .array(
                state.transitions.map { transition in
                    .compact([
                        "Status": .string(transition.stage.rawValue),
                        "StartTime": transition.start.json,
                        "EndTime": transition.end?.json,
                        "StatusMessage": .string(transition.message),
                    ])
                }
            ),
            "FinalMetricDataList": state.metrics.isEmpty
                ? nil
                : .array(
                    state.metrics.map { metric in
                        [
                            "MetricName": .string(metric.name), "Value": .double(metric.value),
                            "Timestamp": metric.time.json,
                        ]
                    }
                ),
            "TrainingTimeInSeconds": state.seconds.map { .integer($0) },
            "BillableTimeInSeconds": state.billableSeconds.map { .integer($0) },
            "ProfilingStatus": "Disabled",
        ])
    }

    /// The specification with what AWS adds: a built-in algorithm's own metrics.
    private static func algorithm(of job: JobRecord) -> JSON? {
        guard var algorithm = job.request["AlgorithmSpecification"] else { return nil }
        algorithm["EnableSageMakerMetricsTimeSeries"] = algorithm["EnableSageMakerMetricsTimeSeries"] ?? false
        if ImageReference(algorithm["TrainingImage"]?.stringValue ?? "").isLinearLearner {
            let own: [JSON] = LinearLearnerMetrics.definitions.map { definition in
                ["Name": .string(definition.name), "Regex": .string(definition.pattern)]
            }
            algorithm["MetricDefinitions"] = .array((algorithm["MetricDefinitions"]?.arrayValue ?? []) + own)
        }
        return algorithm
    }

    private static func completed(_ channel: JSON) -> JSON {
        var channel = channel
        channel["CompressionType"] = channel["CompressionType"] ?? "None"
        channel["RecordWrapperType"] = channel["RecordWrapperType"] ?? "None"
        return channel
    }

    static func noObjects(_ location: S3Location, _ role: String, _ region: String) -> AWSError {
        AWSError(
            "ValidationException",
            """
            No S3 objects found under S3 URL "\(location.uri)" given in input data source. Please ensure that the \
            bucket exists in the selected region (\(region)), that objects exist under that S3 prefix, and that the \
            role "\(role)" has "s3:ListBucket" permissions on bucket "\(location.bucket)".
            """
        )
    }
}
