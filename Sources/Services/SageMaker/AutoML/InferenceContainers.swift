import AWSProtocol
import JSON
import TabularSteps

/// The containers that serve a candidate, as `CreateModel` takes them.
///
/// https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
struct InferenceContainers {
    let layout: AutoMLLayout
    let findings: AutoMLFindings
    let account: String
    let region: String

    /// What an answer may have: `SAGEMAKER_INFERENCE_SUPPORTED`.
    static let supported = "predicted_label,probability,probabilities,labels"

    /// Of a tuned candidate: features, the algorithm, and of a classification the labels. Of an ensembled one a single
    /// container that does it all.
    func containers(of candidate: AutoMLCandidate) -> [JSON] {
        switch findings.mode {
        case .ensembling: [whole(candidate)]
        case .tuning:
            findings.problem == .regression
                ? [features, algorithm(candidate)] : [features, algorithm(candidate), labels]
        }
    }

    private func whole(_ candidate: AutoMLCandidate) -> JSON {
        container(
            image,
            layout.model(candidate.name),
            [
                "MODEL_NAME": .string(candidate.name),
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
                "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
                "SAGEMAKER_INFERENCE_SUPPORTED":
                    .string(findings.problem == .regression ? "predicted_label" : Self.supported),
                "SAGEMAKER_PROGRAM": "tabular_serve.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            ]
        )
    }

    private var features: JSON {
        container(
            image,
            layout.processor,
            [
                "AUTOML_TRANSFORM_MODE": "feature-transform",
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
                "SAGEMAKER_PROGRAM": "sagemaker_serve",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            ]
        )
    }

    private func algorithm(_ candidate: AutoMLCandidate) -> JSON {
        var environment: JSON.Object = ["MAX_CONTENT_LENGTH": "20971520"]
        if findings.problem == .regression {
            environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] = "text/csv"
        } else {
            environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] = "application/json"
            environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label"
            environment["SAGEMAKER_INFERENCE_SUPPORTED"] = "predicted_label,probability,probabilities"
        }
        let model = layout.trainings.appending("\(candidate.name)/output/model.tar.gz")
        return container(Self.linearLearner(region), model, environment)
    }

    private var labels: JSON {
        container(
            image,
            layout.processor,
            [
                "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
                "SAGEMAKER_INFERENCE_INPUT": "predicted_label",
                "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
                "SAGEMAKER_INFERENCE_SUPPORTED": .string(Self.supported),
                "SAGEMAKER_PROGRAM": "sagemaker_serve",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            ]
        )
    }

    private func container(_ image: String, _ model: S3Location, _ environment: JSON.Object) -> JSON {
        ["Image": .string(image), "ModelDataUrl": .string(model.uri), "Environment": .object(environment)]
    }

    /// No image of AWS's: what it serves is written by Trainyard.
    private var image: String { "\(account).dkr.ecr.\(region).amazonaws.com/trainyard-automl:1" }

    /// AWS's image in the account that it has in most regions.
    static func linearLearner(_ region: String) -> String {
        "382416733822.dkr.ecr.\(region).amazonaws.com/linear-learner:1"
    }
}
