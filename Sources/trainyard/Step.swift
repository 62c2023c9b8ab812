import ArgumentParser

/// The steps of a pipeline over tables, as commands that run inside a processing job or anywhere else.
struct Step: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Run one step of a tabular pipeline: ingest, preprocess, train or evaluate.",
        discussion: """
            The steps read and write below /opt/ml/processing, as SageMaker processing jobs do, and need no yard:

              trainyard step preprocess --input-data /opt/ml/processing/input/iris.data \\
                --output-data /opt/ml/processing/output --columns a,b,c,d,species --label-position first
            """,
        subcommands: [StepIngest.self, StepPreprocess.self, StepTrain.self, StepEvaluate.self]
    )
}
