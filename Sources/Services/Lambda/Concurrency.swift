import AWSProtocol
import GRDB
import JSON

/// Reserved concurrency, and the account's quotas.
extension LambdaService {
    /// What must stay unreserved.
    private static let unreserved = 100

    func putFunctionConcurrency(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = try reference(request).qualified(nil)
        let wanted = request.integer("ReservedConcurrentExecutions") ?? 0
        try await change(reference) { rows in
            var function = try rows.function()
            let others = try rows.reservedConcurrency() - (function.reservedConcurrency ?? 0)
            guard wanted == 0 || others + wanted <= EnvironmentPool.concurrency - Self.unreserved else {
                throw AWSError.invalidParameter(
                    "Specified ReservedConcurrentExecutions for function decreases account's "
                        + "UnreservedConcurrentExecution below its minimum value of [\(Self.unreserved)]."
                )
            }
            function.reservedConcurrency = wanted
            try rows.save(function)
        }
        return AWSResponse(["ReservedConcurrentExecutions": .integer(wanted)])
    }

    func getFunctionConcurrency(_ request: AWSRequest) async throws -> AWSResponse {
        let function = try await read(try reference(request).qualified(nil)) { try $0.function() }
        return .output(["ReservedConcurrentExecutions": function.reservedConcurrency.map { .integer($0) }])
    }

    func deleteFunctionConcurrency(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(try reference(request).qualified(nil)) { rows in
            var function = try rows.function()
            function.reservedConcurrency = nil
            try rows.save(function)
        }
        return AWSResponse(status: 204)
    }

    func getAccountSettings(_ request: AWSRequest) async throws -> AWSResponse {
        let anyFunction = FunctionReference(account: request.caller.account, region: request.caller.region, name: "")
        let (reserved, count, size) = try await read(anyFunction) { rows in
            (try rows.reservedConcurrency(), try rows.functionCount(), try rows.codeSize())
        }
        return .output([
            "AccountLimit": [
                "TotalCodeSize": 80_530_636_800,
                "CodeSizeUnzipped": .integer(DeploymentPackages.unzippedLimit),
                "CodeSizeZipped": .integer(DeploymentPackages.uploadLimit),
                "ConcurrentExecutions": .integer(EnvironmentPool.concurrency),
                "UnreservedConcurrentExecutions": .integer(EnvironmentPool.concurrency - reserved),
            ],
            "AccountUsage": ["TotalCodeSize": .integer(size), "FunctionCount": .integer(count)],
        ])
    }
}

extension FunctionRows {
    /// Of all functions in the account and region.
    fileprivate func reservedConcurrency() throws -> Int { try sum("sum(reserved)", of: "lambda_functions") }

    fileprivate func functionCount() throws -> Int { try sum("count(*)", of: "lambda_functions") }

    fileprivate func codeSize() throws -> Int {
        try sum("sum(json_extract(configuration, '$.CodeSize'))", of: "lambda_versions")
    }

    private func sum(_ expression: String, of table: String) throws -> Int {
        try Int.fetchOne(
            db,
            sql: "SELECT \(expression) FROM \(table) WHERE account = ? AND region = ?",
            arguments: [reference.account, reference.region]
        ) ?? 0
    }
}
