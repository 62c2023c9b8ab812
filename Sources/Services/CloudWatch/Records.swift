import AWSProtocol
import GRDB
import JSON
public import Store

extension CloudWatchService {
    /// The tables of CloudWatch.
    public static let migrations: [Migration] = [
        Migration(
            "cloudwatch",
            1,
            """
            CREATE TABLE cloudwatch_metrics (
                id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL,
                namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL, lastData INTEGER NOT NULL,
                UNIQUE (account, region, namespace, name, dimensions)
            );
            CREATE TABLE cloudwatch_data (
                metric INTEGER NOT NULL, time INTEGER NOT NULL, unit TEXT NOT NULL, count REAL NOT NULL,
                sum REAL NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL, distribution TEXT
            );
            CREATE INDEX cloudwatch_data_time ON cloudwatch_data (metric, time);
            CREATE TABLE cloudwatch_alarms (
                id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
                configuration TEXT NOT NULL, actionsEnabled INTEGER NOT NULL, configured INTEGER NOT NULL,
                state TEXT NOT NULL, reason TEXT NOT NULL, reasonData TEXT, updated INTEGER NOT NULL,
                transitioned INTEGER NOT NULL, namespace TEXT, metric TEXT, dimensions TEXT,
                UNIQUE (account, region, name)
            );
            CREATE INDEX cloudwatch_alarms_metric ON cloudwatch_alarms (account, region, namespace, metric, dimensions);
            CREATE TABLE cloudwatch_history (
                id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, alarm TEXT NOT NULL,
                time INTEGER NOT NULL, type TEXT NOT NULL, summary TEXT NOT NULL, data TEXT NOT NULL
            );
            CREATE INDEX cloudwatch_history_alarm ON cloudwatch_history (account, region, alarm, time);
            CREATE TABLE cloudwatch_tags (
                arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
            );
            """
        )
    ]
}
