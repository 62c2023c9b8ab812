import AWSProtocol
import CloudWatch
import Compute
import ECR
import IAM
import Logging
import S3
import Store

extension Yard {
    /// What services are made of.
    struct Parts {
        var store: Store
        var aws: any AWSCaller
        var clock: any WallClock
        var logger: Logger
        var host: ComputeHost
    }

    /// The schema of every service.
    static let migrations: [Migration] = [
        S3Service.migrations,
        ECRService.migrations,
        LogsService.migrations,
        IAMService.migrations,
    ].flatMap { $0 }

    /// Every service, in the order in which they start: those that others call at their start come first.
    static func services(_ parts: Parts, iam: IAMService) -> [any AWSService] {
        let (store, aws, clock, logger) = (parts.store, parts.aws, parts.clock, parts.logger)
        return [
            iam,
            STSService(store: store, aws: aws, clock: clock, logger: logger),
            S3Service(store: store, aws: aws, clock: clock, logger: logger),
            LogsService(store: store, aws: aws, clock: clock, logger: logger),
            ECRService(store: store, aws: aws, clock: clock, logger: logger),
        ]
    }
}
