public import AWSProtocol
import JSON
public import Logging
public import Store

/// Amazon CloudWatch Logs: groups, streams and their events.
///
/// What one `PutLogEvents` brings is one row, so that millions of lines stay cheap.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>
public final class LogsService: AWSService {
    public let name = "logs"
    let store: Store
    let clock: any WallClock
    let logger: Logger

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    public var operations: [String: OperationHandler] {
        [
            "CreateLogGroup": createLogGroup,
            "DeleteLogGroup": deleteLogGroup,
            "DescribeLogGroups": describeLogGroups,
            "ListLogGroups": listLogGroups,
            "PutRetentionPolicy": putRetentionPolicy,
            "DeleteRetentionPolicy": deleteRetentionPolicy,
            "CreateLogStream": createLogStream,
            "DeleteLogStream": deleteLogStream,
            "DescribeLogStreams": describeLogStreams,
            "PutLogEvents": putLogEvents,
            "GetLogEvents": getLogEvents,
            "FilterLogEvents": filterLogEvents,
            "TagResource": tagResource,
            "UntagResource": untagResource,
            "ListTagsForResource": listTagsForResource,
            "TagLogGroup": tagLogGroup,
            "UntagLogGroup": untagLogGroup,
            "ListTagsLogGroup": listTagsLogGroup,
        ]
    }
}

extension AWSError {
    static let noSuchLogGroup = AWSError("ResourceNotFoundException", "The specified log group does not exist.")
    static let noSuchLogStream = AWSError("ResourceNotFoundException", "The specified log stream does not exist.")
    static let logGroupExists = AWSError("ResourceAlreadyExistsException", "The specified log group already exists")
    static let logStreamExists = AWSError("ResourceAlreadyExistsException", "The specified log stream already exists")

    static func invalidParameter(_ message: String) -> AWSError { AWSError("InvalidParameterException", message) }
}
