import AWSProtocol
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What SageMaker's training toolkit, which AWS's framework images contain, tells the user's script.
/// <https://github.com/aws/sagemaker-training-toolkit>, "ENVIRONMENT_VARIABLES.md"
struct TrainingToolkit {
    /// Where the toolkit unpacks the user's code.
    static let codeDirectory = "/opt/ml/code"

    var job: JobRecord
    var hyperparameters: JSON.Object
    var channels: [String]
    var inputDataConfiguration: JSON
    var resourceConfiguration: JSON
    var host: JobHost
    var hosts: [JobHost]

    var environment: [String: String] {
        let user = Self.user(hyperparameters)
        let members = hosts.filter { $0.group == host.group }
        let names = JSON.array(hosts.map { .string($0.name) })
        var environment = [
            "SM_MODEL_DIR": "/opt/ml/model",
            "SM_INPUT_DIR": "/opt/ml/input",
            "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
            "SM_OUTPUT_DIR": "/opt/ml/output",
            "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
            "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
            "SM_CHANNELS": JSON.array(channels.sorted().map { .string($0) }).serialized(),
            "SM_HPS": JSON.object(user).serialized(),
            "SM_USER_ARGS": JSON.array(Self.arguments(user).map { .string($0) }).serialized(),
            "SM_CURRENT_HOST": host.name,
            "SM_HOSTS": names.serialized(),
            "SM_CURRENT_INSTANCE_TYPE": host.instanceType,
            "SM_CURRENT_INSTANCE_GROUP": host.group,
            "SM_CURRENT_INSTANCE_GROUP_HOSTS": JSON.array(members.map { .string($0.name) }).serialized(),
            "SM_INSTANCE_GROUPS": (resourceConfiguration["instance_groups"] ?? []).serialized(),
            "SM_IS_HETERO": Set(hosts.map(\.group)).count > 1 ? "true" : "false",
            "SM_NUM_CPUS": String(ProcessInfo.processInfo.activeProcessorCount),
            "SM_NUM_GPUS": "0",
            "SM_NUM_NEURONS": "0",
            "SM_LOG_LEVEL": Self.decoded(hyperparameters["sagemaker_container_log_level"])?.intValue.map { "\($0)" }
                ?? "20",
            "SM_NETWORK_INTERFACE_NAME": JobHost.interface,
            "SM_INPUT_DATA_CONFIG": inputDataConfiguration.serialized(),
            "SM_RESOURCE_CONFIG": resourceConfiguration.serialized(),
            "SM_FRAMEWORK_PARAMS": JSON.object(Self.framework(hyperparameters)).serialized(),
        ]
        if let script = Script(hyperparameters) {
            environment["SM_MODULE_NAME"] = script.moduleName
            environment["SM_MODULE_DIR"] = script.source.uri
            environment["SM_USER_ENTRY_POINT"] = script.program
        }
        for channel in channels {
            environment["SM_CHANNEL_\(channel.uppercased())"] = "/opt/ml/input/data/\(channel)"
        }
        for (key, value) in user { environment["SM_HP_\(key.uppercased())"] = value.stringValue ?? value.serialized() }
        environment["SM_TRAINING_ENV"] = trainingEnvironment(user).serialized()
        return environment
    }

    private func trainingEnvironment(_ user: JSON.Object) -> JSON {
        let directories = channels.sorted().map { ($0, JSON.string("/opt/ml/input/data/\($0)")) }
        return [
            "channel_input_dirs": .object(JSON.Object(directories)),
            "current_host": .string(host.name),
            "hosts": .array(hosts.map { .string($0.name) }),
            "hyperparameters": .object(user),
            "input_data_config": inputDataConfiguration,
            "is_master": .bool(host.index == 0),
            "job_name": .string(job.name),
            "master_hostname": .string(hosts.first?.name ?? host.name),
            "model_dir": "/opt/ml/model",
            "num_cpus": .integer(ProcessInfo.processInfo.activeProcessorCount),
            "num_gpus": 0,
            "output_data_dir": "/opt/ml/output/data",
            "resource_config": resourceConfiguration,
        ]
    }

    /// The user's own hyperparameters, decoded: the SDK writes each as JSON.
    private static func user(_ hyperparameters: JSON.Object) -> JSON.Object {
        JSON.Object(
            hyperparameters.filter { !isFramework($0.key) }.sorted { $0.key < $1.key }
                .map { ($0.key, decoded($0.value) ?? .null) }
        )
    }

    private static func framework(_ hyperparameters: JSON.Object) -> JSON.Object {
        JSON.Object(hyperparameters.filter { isFramework($0.key) }.map { ($0.key, decoded($0.value) ?? .null) })
    }

    private static func isFramework(_ key: String) -> Bool {
        key.hasPrefix("sagemaker_") || key == TuningContract.objectiveHyperparameter
    }

    private static func decoded(_ value: JSON?) -> JSON? {
        guard let text = value?.stringValue else { return value }
        return (try? JSON(parsing: text)) ?? .string(text)
    }

    /// `--name value` for each hyperparameter; one-letter names get one dash.
    fileprivate static func arguments(_ user: JSON.Object) -> [String] {
        user.flatMap { key, value in
            let text: String =
                switch value {
                case .string(let text): text
                case .bool(let flag): flag ? "True" : "False"
                default: value.serialized()
                }
            return [(key.count == 1 ? "-" : "--") + key, text]
        }
    }

    /// A script in a `tar.gz`, as the SageMaker Python SDK's framework estimators hand it over.
    struct Script: Sendable, Equatable {
        var program: String
        var source: S3Location
        private var arguments: [String]

        /// nil where the hyperparameters name none.
        init?(_ hyperparameters: JSON.Object) {
            guard let program = decoded(hyperparameters["sagemaker_program"])?.stringValue,
                let source = decoded(hyperparameters["sagemaker_submit_directory"])?.stringValue.flatMap({
                    S3Location($0)
                })
            else { return nil }
            self.program = program
            self.source = source
            arguments = TrainingToolkit.arguments(user(hyperparameters))
        }

        var moduleName: String { program.hasSuffix(".py") ? String(program.dropLast(3)) : program }

        var command: [String] {
            let path = "\(codeDirectory)/\(program)"
            return (program.hasSuffix(".sh") ? ["/bin/sh", path] : ["python3", path]) + arguments
        }
    }
}

/// What tuning adds to the contract of the training jobs that it starts.
enum TuningContract {
    /// The hyperparameter that names the objective's metric.
    static let objectiveHyperparameter = "_tuning_objective_metric"
    /// The metric, beside the algorithm's own, that carries the objective.
    static let objectiveMetric = "ObjectiveMetric"
}
