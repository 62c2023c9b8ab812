import AWSProtocol
import JSON

/// What `CreateFunction` and `UpdateFunctionConfiguration` set, checked beyond what AWS's model states.
struct FunctionConfiguration {
    private(set) var members: JSON.Object

    /// A new function's, with AWS's defaults.
    init(creating request: AWSRequest, name: String) throws(AWSError) {
        members = [
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "Version": "$LATEST",
            "TracingConfig": ["Mode": "PassThrough"],
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["x86_64"],
            "EphemeralStorage": ["Size": 512],
            "SnapStart": ["ApplyOn": "None", "OptimizationStatus": "Off"],
            "LoggingConfig": ["LogFormat": "Text", "LogGroup": .string("/aws/lambda/\(name)")],
        ]
        if request.string("PackageType") == "Image" {
            members["PackageType"] = "Image"
        } else if request["Runtime"] == nil || request["Handler"] == nil {
            throw .invalidParameter(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        }
        if let architectures = request["Architectures"] { members["Architectures"] = architectures }
        try apply(request)
    }

    /// An existing function's, to be updated.
    init(updating members: JSON.Object) { self.members = members }

    var isImage: Bool { members["PackageType"] == "Image" }

    /// Members that are taken over as they are given.
    private static let plain = [
        "Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "KMSKeyArn", "TracingConfig",
        "DeadLetterConfig", "EphemeralStorage", "FileSystemConfigs",
    ]

    /// Takes over what a request gives.
    mutating func apply(_ request: AWSRequest) throws(AWSError) {
        try Self.check(request)
        try applyImage(request)
        for name in Self.plain { if let value = request[name] { members[name] = value } }
        if let variables = request["Environment"]?["Variables"]?.objectValue {
            members["Environment"] = variables.isEmpty ? nil : ["Variables": .object(variables)]
        } else if request["Environment"] != nil {
            members["Environment"] = nil
        }
        if let vpc = request["VpcConfig"]?.objectValue {
            members["VpcConfig"] = .object((["VpcId": ""] as JSON.Object).merging(vpc))
        }
        if let mode = request["SnapStart"]?["ApplyOn"] {
            members["SnapStart"] = ["ApplyOn": mode, "OptimizationStatus": "Off"]
        }
        if let logging = request["LoggingConfig"]?.objectValue {
            members["LoggingConfig"] = .object((members["LoggingConfig"]?.objectValue ?? [:]).merging(logging))
        }
    }

    /// An image brings runtime and handler itself, and only an image has something to be overridden.
    private mutating func applyImage(_ request: AWSRequest) throws(AWSError) {
        guard isImage else { return }
        if request["Runtime"] != nil || request["Handler"] != nil || request["Layers"]?.arrayValue?.isEmpty == false {
            throw .invalidParameter(
                "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
            )
        }
        guard let overrides = request["ImageConfig"]?.objectValue else { return }
        members["ImageConfigResponse"] = overrides.isEmpty ? nil : ["ImageConfig": .object(overrides)]
    }

    mutating func setCode(_ package: ReceivedCode) {
        members["CodeSize"] = .integer(package.size)
        members["CodeSha256"] = .string(package.sha256)
    }

    /// A change: a new revision, modified now.
    mutating func touch(at moment: Timestamp) {
        members["LastModified"] = .string(moment.iso8601.replacing("Z", with: "+0000"))
        members["RevisionId"] = .string(RandomText.uuid())
    }

    /// - Throws: `PreconditionFailedException` where the request was made for an earlier revision.
    func checkRevision(_ request: AWSRequest) throws(AWSError) {
        if let wanted = request["RevisionId"], wanted != members["RevisionId"] { throw .staleRevision }
    }

    // MARK: Checks

    private static func check(_ request: AWSRequest) throws(AWSError) {
        if let runtime = request.string("Runtime") { try check(runtime: runtime) }
        try check(request, "Timeout", "timeout", atMost: 900)
        try check(request, "MemorySize", "memorySize", atMost: 10240)
        if let variables = request["Environment"]?["Variables"]?.objectValue { try check(variables: variables) }
        if request["Layers"]?.arrayValue?.isEmpty == false {
            throw .invalidParameter("Layers are not served by Trainyard yet: put what they hold into the package.")
        }
    }

    private static func check(runtime: String) throws(AWSError) {
        if Runtime.served[runtime] != nil { return }
        if Runtime.retired.contains(runtime) {
            throw .invalidParameter(
                "The runtime parameter of \(runtime) is no longer supported for creating or updating AWS Lambda "
                    + "functions. We recommend you use a supported runtime while creating or updating functions."
            )
        }
        let served = Runtime.served.keys.sorted().joined(separator: ", ")
        throw .invalidParameter("Value \(runtime) at 'runtime' is not served by Trainyard. It serves: \(served)")
    }

    private static func check(
        _ request: AWSRequest,
        _ member: String,
        _ wireName: String,
        atMost limit: Int
    ) throws(AWSError) {
        guard let value = request.integer(member), value > limit else { return }
        throw .validation([
            "Value '\(value)' at '\(wireName)' failed to satisfy constraint: Member must have value less than or equal "
                + "to \(limit)"
        ])
    }

    private static let reservedVariables: Set<String> = [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_ACCESS_KEY_ID",
        "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ]

    private static func check(variables: JSON.Object) throws(AWSError) {
        let beginning = """
            Lambda was unable to configure your environment variables because the environment variables you have \
            provided
            """
        let reserved = variables.keys.filter { reservedVariables.contains($0) }
        guard reserved.isEmpty else {
            throw .invalidParameter(
                "\(beginning) contains reserved keys that are currently not supported for modification. Reserved keys "
                    + "used in this request: \(reserved.joined(separator: ", "))"
            )
        }
        let measured = JSON.object(variables).serialized()
        guard measured.utf8.count <= 4096 else {
            throw .invalidParameter("\(beginning) exceeded the 4KB limit. String measured: \(measured)")
        }
    }
}
