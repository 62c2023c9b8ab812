import JSON

/// What `CreateAutoMLJob` or `CreateAutoMLJobV2` was asked, the first in the form of the second.
struct AutoMLRequest: Sendable {
    let request: JSON

    init(_ job: JobRecord) { request = .object(job.request) }

    /// Whether the job was created by `CreateAutoMLJobV2`.
    var isSecond: Bool { request["AutoMLProblemTypeConfig"] != nil }

    private var configuration: JSON { request["AutoMLJobConfig"] ?? [:] }

    /// `AutoMLJobChannel`s, or the `AutoMLChannel`s of the first form, with the members that AWS fills in.
    var channels: [JSON] {
        let given = request[isSecond ? "AutoMLJobInputDataConfig" : "InputDataConfig"]?.arrayValue ?? []
        return given.map { channel in
            var channel = channel
            channel["ChannelType"] = channel["ChannelType"] ?? "training"
            channel["ContentType"] = channel["ContentType"] ?? "text/csv;header=present"
            channel["CompressionType"] = channel["CompressionType"] ?? "None"
            return channel
        }
    }

    /// `AutoMLProblemTypeConfig`
    var problem: JSON {
        if let problem = request["AutoMLProblemTypeConfig"] { return problem }
        let candidates = configuration["CandidateGenerationConfig"]
        let tabular: JSON = .compact([
            "CandidateGenerationConfig": candidates?["AlgorithmsConfig"].map { ["AlgorithmsConfig": $0] },
            "CompletionCriteria": configuration["CompletionCriteria"],
            "FeatureSpecificationS3Uri": candidates?["FeatureSpecificationS3Uri"],
            "Mode": configuration["Mode"],
            "GenerateCandidateDefinitionsOnly": request["GenerateCandidateDefinitionsOnly"],
            "ProblemType": request["ProblemType"],
            "TargetAttributeName": channels.first?["TargetAttributeName"],
            "SampleWeightAttributeName": channels.first?["SampleWeightAttributeName"],
        ])
        return ["TabularJobConfig": tabular]
    }

    /// `TabularJobConfig`; nil where the job is about something else.
    var tabular: JSON? { problem["TabularJobConfig"] }

    var dataSplit: JSON? { isSecond ? request["DataSplitConfig"] : configuration["DataSplitConfig"] }

    var security: JSON? { isSecond ? request["SecurityConfig"] : configuration["SecurityConfig"] }

    /// The algorithms that were asked for; empty where all are meant.
    var algorithms: [String] {
        (tabular?["CandidateGenerationConfig"]?["AlgorithmsConfig"]?.arrayValue ?? []).flatMap {
            Optional($0["AutoMLAlgorithms"] ?? .null).strings
        }
    }
}
