import AWSProtocol
import GRDB
import JSON
public import Store

extension SageMakerService {
    public static let migrations: [Migration] = [
        Migration(
            "sagemaker",
            1,
            """
            CREATE TABLE sagemaker_jobs (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                status TEXT NOT NULL,
                created INTEGER NOT NULL,
                modified INTEGER NOT NULL,
                request TEXT NOT NULL,
                state TEXT NOT NULL,
                UNIQUE (account, region, kind, name)
            ) STRICT;
            CREATE INDEX sagemaker_jobs_unfinished ON sagemaker_jobs (id) WHERE status IN ('InProgress', 'Stopping');
            CREATE TABLE sagemaker_models (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                name TEXT NOT NULL,
                created INTEGER NOT NULL,
                request TEXT NOT NULL,
                UNIQUE (account, region, name)
            ) STRICT;
            CREATE TABLE sagemaker_tags (
                arn TEXT NOT NULL,
                key TEXT NOT NULL,
                value TEXT NOT NULL,
                PRIMARY KEY (arn, key)
            ) STRICT, WITHOUT ROWID;
            """
        ),
        Migration(
            "sagemaker",
            2,
            """
            CREATE TABLE sagemaker_resources (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                status TEXT NOT NULL,
                created INTEGER NOT NULL,
                modified INTEGER NOT NULL,
                document TEXT NOT NULL,
                UNIQUE (account, region, kind, name)
            ) STRICT;
            INSERT INTO sagemaker_resources (account, region, kind, name, status, created, modified, document)
            SELECT account, region, 'model', name, '', created, created, request FROM sagemaker_models ORDER BY id;
            DROP TABLE sagemaker_models;
            """
        ),
        Migration(
            "sagemaker",
            3,
            """
            CREATE TABLE sagemaker_trial_members (
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                trial TEXT NOT NULL,
                component TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (account, region, trial, component)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX sagemaker_trial_members_components
                ON sagemaker_trial_members (account, region, component);
            CREATE TABLE sagemaker_metrics (
                id INTEGER PRIMARY KEY,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                component TEXT NOT NULL,
                name TEXT NOT NULL,
                step INTEGER,
                time INTEGER NOT NULL,
                value REAL NOT NULL
            ) STRICT;
            CREATE INDEX sagemaker_metrics_series ON sagemaker_metrics (account, region, component, name, time);
            CREATE TABLE sagemaker_associations (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                source TEXT NOT NULL,
                destination TEXT NOT NULL,
                type TEXT,
                creator TEXT NOT NULL,
                created INTEGER NOT NULL,
                UNIQUE (account, region, source, destination)
            ) STRICT;
            CREATE INDEX sagemaker_associations_destinations
                ON sagemaker_associations (account, region, destination);
            CREATE TABLE sagemaker_traced_jobs (
                job INTEGER PRIMARY KEY,
                has_lineage INTEGER NOT NULL
            ) STRICT;
            """
        ),
        Migration("sagemaker", 4, pipelineTables),
        Migration(
            "sagemaker",
            5,
            """
            CREATE TABLE sagemaker_job_metrics (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                job INTEGER NOT NULL,
                name TEXT NOT NULL,
                time INTEGER NOT NULL,
                value REAL NOT NULL
            ) STRICT;
            CREATE INDEX sagemaker_job_metrics_series ON sagemaker_job_metrics (job, name, id);
            CREATE TABLE sagemaker_tuning_trials (
                tuning_job INTEGER NOT NULL,
                number INTEGER NOT NULL,
                training_job TEXT NOT NULL,
                definition TEXT NOT NULL,
                tuned TEXT NOT NULL,
                PRIMARY KEY (tuning_job, number)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX sagemaker_tuning_trials_training_job ON sagemaker_tuning_trials (training_job);
            """
        ),
        Migration("sagemaker", 6, "ALTER TABLE sagemaker_tags ADD COLUMN position INTEGER NOT NULL DEFAULT 0;"),
        Migration(
            "sagemaker",
            7,
            """
            CREATE TABLE sagemaker_automl_findings (
                job INTEGER PRIMARY KEY,
                findings TEXT NOT NULL
            ) STRICT;
            CREATE TABLE sagemaker_automl_candidates (
                job INTEGER NOT NULL,
                number INTEGER NOT NULL,
                training_job TEXT NOT NULL,
                tuned TEXT NOT NULL,
                result TEXT,
                PRIMARY KEY (job, number)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX sagemaker_automl_candidates_training_job ON sagemaker_automl_candidates (training_job);
            """
        ),
    ]
}

/// A row that this version did not write.
struct UnreadableRecord: Error, CustomStringConvertible {
    var table: String
    var id: Int64

    var description: String { "The record \(id) of \(table) cannot be read" }
}
