import AWSProtocol
import Compute
import JSON

/// A cluster's bootstrap actions, one after another, before its first step.
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-bootstrap.html>
struct Bootstrap: Sendable {
    let cluster: Cluster
    let environment: EMREnvironment

    private var node: NodeDirectory { NodeDirectory(cluster.id, environment) }

    /// - Returns: Why the cluster cannot be used; nil where all went well.
    func run(_ control: ProgramControl) async -> BootstrapFailure? {
        let actions = cluster.document["BootstrapActions"]?.arrayValue ?? []
        for (index, action) in actions.enumerated() {
            let path = action["ScriptBootstrapAction"]?["Path"]?.stringValue ?? ""
            do {
                let exit = try await run(action, number: index + 1, control)
                guard exit.code != 0 else { continue }
                return failure(
                    "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE",
                    "bootstrap action \(index + 1) returned a non-zero return code",
                    action: index + 1,
                    path
                )
            } catch {
                let reason = (error as? StepFailure)?.message ?? "\(error)"
                let isObject = S3Location(hadoop: path) != nil
                return failure(
                    isObject
                        ? "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY" : "BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY",
                    "could not \(isObject ? "download" : "find") or run bootstrap action \(index + 1): \(reason)",
                    action: index + 1,
                    path
                )
            }
        }
        return nil
    }

    private func run(_ action: JSON, number: Int, _ control: ProgramControl) async throws -> ProcessExit {
        let script = action["ScriptBootstrapAction"]
        let instance = InstanceCollection(cluster.collection).master?.id ?? ""
        let log = NodeLog(
            cluster,
            directory: "bootstrap-actions/\(number)",
            place: "node/\(instance)/bootstrap-actions/\(number)",
            environment
        )
        let directory = "\(NodeDirectory.system)/lib/bootstrap-actions/\(number)"
        try await node.describe(cluster)
        try await node.make(directory)
        try await log.prepare()
        let access = try await NodeAccess(cluster.node, environment)
        let program = NodeProgram(node: cluster.node, environment: environment, access: access, log: log)
        let variables = await program.variables()
        let preparation = StepPreparation(
            config: [:],
            directory: directory,
            variables: variables,
            node: node,
            access: access,
            environment: environment
        )
        do {
            let path = try await preparation.executable(script?["Path"]?.stringValue ?? "")
            let command = [path] + (script?["Args"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            log.note("startExec '\(command.joined(separator: " "))'", isTimed: true)
            let ended = try await program.run(command, in: NodeDirectory.home, variables, control)
            if let exceeded = ended.exceeded { log.append(line: exceeded.explanation, to: .stderr) }
            log.note("Execution ended with ret val \(ended.exit.code)", isTimed: true)
            await log.upload(access)
            return ended.exit
        } catch {
            log.append(line: (error as? StepFailure)?.message ?? "\(error)", to: .stderr)
            await log.upload(access)
            throw error
        }
    }

    /// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-troubleshoot-error-errordetail-bootstrap.html>
    private func failure(_ code: String, _ what: String, action: Int, _ path: String) -> BootstrapFailure {
        let instance = InstanceCollection(cluster.collection).master?.id ?? ""
        let message = "On the master instance (\(instance)), \(what)"
        return BootstrapFailure(
            message: message,
            details: [
                "ErrorCode": .string(code),
                "ErrorMessage": .string(message),
                "ErrorData": [
                    [
                        "primary-instance-id": .string(instance), "bootstrap-action": .string(String(action)),
                        "amazon-s3-path": .string(path),
                    ]
                ],
            ]
        )
    }
}
