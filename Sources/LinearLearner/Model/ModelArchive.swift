import Archive
import JSON

/// The artefact as SageMaker's image writes it: a stored zip of an MXNet module and a few parameters.
extension LinearModel {
    /// Reads the file `model_algo-1` of a `model.tar.gz` that this learner or SageMaker's own image wrote.
    /// - Throws: `AlgorithmError` where it is not such a file.
    public init(archive: [UInt8]) throws(AlgorithmError) {
        let parameters: JSON
        let arrays: [String: MXNetArray]
        do {
            let zip = try ZipReader(bytes: archive)
            parameters = try JSON(parsing: zip.contents(of: "additional-params.json", limit: 1 << 24))
            arrays = try MXNetArray.parse(zip.contents(of: "mx-mod-0000.params", limit: 1 << 32))
        } catch let error as AlgorithmError {
            throw error
        } catch {
            throw .client("The model is not one of linear-learner: \(error)")
        }
        try self.init(parameters, arrays)
    }

    /// Reads a `model.tar.gz`, in memory.
    /// - Throws: `AlgorithmError` where it holds no model of linear-learner.
    public init(modelTarGzip bytes: [UInt8]) throws(AlgorithmError) {
        var archive: [UInt8]?
        do {
            let reader = try TarReader(bytes: bytes, isCompressed: true)
            while archive == nil, let entry = try reader.next() {
                let name = entry.path.split(separator: "/").last
                if entry.kind == .file, name == "model_algo-1" { archive = try reader.contents(limit: 1 << 32) }
            }
        } catch {
            throw .client("The model is not a readable model.tar.gz: \(error)")
        }
        guard let archive else {
            throw .client("The model.tar.gz has no file model_algo-1: not a model of linear-learner")
        }
        try self.init(archive: archive)
    }

    private init(_ parameters: JSON, _ arrays: [String: MXNetArray]) throws(AlgorithmError) {
        guard let type = parameters["predictor_type"]?.stringValue.flatMap(PredictorType.init),
            let weight = arrays["arg:fc0_weight"], weight.shape.count == 2
        else { throw .client("The model is not one of linear-learner: its weights or predictor_type are missing") }
        let (featureCount, scoreCount) = (weight.shape[0], weight.shape[1])
        let bias = arrays["arg:fc0_bias"]?.values ?? [Float](repeating: 0, count: scoreCount)
        guard scoreCount > 0, bias.count == scoreCount, weight.values.count == featureCount * scoreCount else {
            throw .client("The model's weights and bias do not go together")
        }
        self.init(
            predictorType: type,
            lossType: parameters["loss_type"]?.stringValue ?? "",
            featureCount: featureCount,
            scoreCount: scoreCount,
            weights: weight.values,
            bias: bias,
            threshold: parameters["threshold"]?.doubleValue ?? 0.5
        )
    }

    /// The file `model_algo-1`.
    public func archive() throws(AlgorithmError) -> [UInt8] {
        let arrays = [
            (name: "arg:fc0_weight", array: MXNetArray(shape: [featureCount, scoreCount], values: weights)),
            (name: "arg:fc0_bias", array: MXNetArray(shape: [1, scoreCount], values: bias)),
        ]
        let manifest = #"{"mx-mod": "mxnet_module", "additional-params.json": "json", "version": 1}"#
        do {
            var zip = ZipWriter()
            try zip.addFile("mx-mod-symbol.json", Array(symbol.utf8), method: .stored)
            try zip.addFile("manifest.json", Array(manifest.utf8), method: .stored)
            try zip.addFile("additional-params.json", Array(additionalParameters.utf8), method: .stored)
            try zip.addFile("mx-mod-0000.params", MXNetArray.serialize(arrays), method: .stored)
            return try zip.finish()
        } catch {
            throw AlgorithmError(.algorithm, "Cannot write the model: \(error)")
        }
    }

    private var additionalParameters: String {
        let names = [
            "quantile", "huber_delta", "margin", "loss_insensitivity", "eps_insensitive_loss_type", "accuracy_top_k",
            "f_beta", "positive_example_weight_mult", "class_weights",
        ]
        let metrics = names.map { "\"\($0)\": \(metricParameters[$0] ?? "null")" }.joined(separator: ", ")
        return "{\"threshold\": \(threshold), \"loss_type\": \"\(lossType)\", "
            + "\"predictor_type\": \"\(predictorType.rawValue)\", "
            + "\"metrics_params\": {\(metrics), \"threshold\": \(threshold)}}"
    }

    private var symbol: String {
        let output =
            switch predictorType {
            case .regressor: "LinearRegressionOutput"
            case .binaryClassifier: "LogisticRegressionOutput"
            case .multiclassClassifier: "SoftmaxOutput"
            }
        return """
            {
              "nodes": [
                {
                  "op": "null", 
                  "name": "data", 
                  "inputs": []
                }, 
                {
                  "op": "null", 
                  "name": "fc0_weight", 
                  "attrs": {"__shape__": "(\(featureCount), \(scoreCount))"}, 
                  "inputs": []
                }, 
                {
                  "op": "dot", 
                  "name": "dot0", 
                  "inputs": [[0, 0, 0], [1, 0, 0]]
                }, 
                {
                  "op": "null", 
                  "name": "fc0_bias", 
                  "attrs": {
                    "__lr_mult__": "10.0", 
                    "__shape__": "(1, \(scoreCount))"
                  }, 
                  "inputs": []
                }, 
                {
                  "op": "broadcast_add", 
                  "name": "broadcast_plus0", 
                  "inputs": [[2, 0, 0], [3, 0, 0]]
                }, 
                {
                  "op": "null", 
                  "name": "out_label", 
                  "inputs": []
                }, 
                {
                  "op": "\(output)", 
                  "name": "\(output.lowercased())0", 
                  "inputs": [[4, 0, 0], [5, 0, 0]]
                }
              ], 
              "arg_nodes": [0, 1, 3, 5], 
              "node_row_ptr": [0, 1, 2, 3, 4, 5, 6, 7], 
              "heads": [[6, 0, 0]], 
              "attrs": {"mxnet_version": ["int", 10301]}
            }
            """
    }
}
