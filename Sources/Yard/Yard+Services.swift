import AWSProtocol
import CloudFormation
import CloudWatch
import Compute
import ECR
import EMR
import EventBridge
import IAM
import Lambda
import Logging
import S3
import SageMaker
import StepFunctions
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Yard {
    /// What services are made of.
    struct Parts {
        var store: Store
        var aws: any AWSCaller
        var clock: any WallClock
        var logger: Logger
        var host: ComputeHost
        var rehearsal: Rehearsal
        var endpointIdleTime: Duration?
        var modelStartup: Duration?
        var requiresModelData: Bool
    }

    /// The schema of every service.
    static let migrations: [Migration] = [
        S3Service.migrations,
        ECRService.migrations,
        LogsService.migrations,
        CloudWatchService.migrations,
        IAMService.migrations,
        LambdaService.migrations,
        SageMakerService.migrations,
        StepFunctionsService.migrations,
        CloudFormationService.migrations,
        EventBridgeService.migrations,
        EMRService.migrations,
        EMRServerlessService.migrations,
    ].flatMap { $0 }

    /// How state machines run for those who test them.
    /// - Throws: where the configured mocks cannot be read.
    static func rehearsal(_ configuration: YardConfiguration) throws -> Rehearsal {
        let path = configuration.stepFunctionsMocks ?? ProcessInfo.processInfo.environment["SFN_MOCK_CONFIG"]
        let mocks = try path.map { try MockConfiguration(parsing: String(contentsOfFile: $0, encoding: .utf8)) }
        return Rehearsal(timeScale: configuration.timeScale, mocks: mocks)
    }

    /// Every service, in the order in which they start: those that others call at their start come first.
    static func services(_ parts: Parts, iam: IAMService) -> [any AWSService] {
        let (store, aws, clock, logger, host) = (parts.store, parts.aws, parts.clock, parts.logger, parts.host)
        let sageMaker = SageMakerService(
            store: store,
            aws: aws,
            clock: clock,
            logger: logger,
            host: host,
            endpointIdleTime: parts.endpointIdleTime,
            modelStartup: parts.modelStartup,
            requiresModelData: parts.requiresModelData,
            timeScale: parts.rehearsal.timeScale
        )
        let ecr = ECRService(store: store, aws: aws, clock: clock, logger: logger, endpoint: { host.endpoint })
        return [
            iam,
            // Knows its rules before others have something to tell.
            EventBridgeService(store: store, aws: aws, clock: clock, logger: logger),
            STSService(store: store, aws: aws, clock: clock, logger: logger),
            S3Service(store: store, aws: aws, clock: clock, logger: logger),
            LogsService(store: store, aws: aws, clock: clock, logger: logger),
            CloudWatchService(store: store, aws: aws, clock: clock, logger: logger),
            ecr,
            ECRPublicService(ecr),
            LambdaService(store: store, aws: aws, clock: clock, logger: logger, host: host),
            EMRService(store: store, aws: aws, clock: clock, logger: logger, host: host),
            EMRServerlessService(store: store, aws: aws, clock: clock, logger: logger, host: host),
            sageMaker,
            SageMakerRuntimeService(sageMaker),
            SageMakerMetricsService(sageMaker),
            StepFunctionsService(
                store: store,
                aws: aws,
                clock: clock,
                logger: logger,
                rehearsal: parts.rehearsal
            ),
            CloudFormationService(store: store, aws: aws, clock: clock, logger: logger),
        ]
    }
}
