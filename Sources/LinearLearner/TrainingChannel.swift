/// The data of one input channel (`train`, `validation`, `test`).
public struct TrainingChannel: Sendable, Hashable {
    public struct File: Sendable, Hashable {
        /// Where to read it.
        public var path: String
        /// What messages call it, such as `/opt/ml/input/data/train/part-00000`.
        public var name: String

        /// - Parameter name: The path where nil.
        public init(path: String, name: String? = nil) {
            self.path = path
            self.name = name ?? path
        }
    }

    /// As in `InputDataConfig`: `text/csv`, `text/csv;label_size=1` or `application/x-recordio-protobuf`.
    public var contentType: String?
    /// In the order in which they are read.
    public var files: [File]

    public init(contentType: String?, files: [File]) {
        self.contentType = contentType
        self.files = files
    }
}

/// A named number that training found, named as SageMaker names the algorithm's metrics.
public struct Metric: Sendable, Hashable {
    /// Such as `validation:multiclass_accuracy`.
    public var name: String
    public var value: Double

    public init(name: String, value: Double) {
        self.name = name
        self.value = value
    }
}

/// What training leaves.
public struct TrainedModel: Sendable {
    /// The file `model_algo-1` of a job's `model.tar.gz`.
    public var archive: [UInt8]
    public var model: LinearModel
    /// The final value of each metric, in the order in which they were logged.
    public var metrics: [Metric]
}
