import JSON
import LinearLearner
import TabularSteps

/// What the last container of a candidate answers: the keys that `SAGEMAKER_INFERENCE_OUTPUT` asks for, in its order.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html>
struct CandidateAnswer: Sendable {
    /// Why a request is not answered: always the client's mistake.
    struct Refusal: Error {
        var status: Int
        var message: String
    }

    enum Key: String, Sendable, CaseIterable {
        case predictedLabel = "predicted_label"
        case probability
        case probabilities
        case labels
    }

    private let schema: TabularSchema
    private let keys: [Key]
    private let defaultAccept: String
    private let isOfPredicted: Bool

    /// - Parameter isOfPredicted: Whether `probability` is that of the predicted label also where there are two: so in
    ///   ensembling mode; else it is that of the positive class.
    init(_ schema: TabularSchema, _ environment: [String: String], isOfPredicted: Bool) throws(ServingFailure) {
        self.schema = schema
        self.isOfPredicted = isOfPredicted
        defaultAccept = environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] ?? "text/csv"
        var keys: [Key] = []
        for text in (environment["SAGEMAKER_INFERENCE_OUTPUT"] ?? "").split(separator: ",") {
            let name = text.filter { $0 != " " }
            guard let key = Key(rawValue: name) else {
                throw ServingFailure(
                    "SAGEMAKER_INFERENCE_OUTPUT asks for \(name); there are "
                        + Key.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            keys.append(key)
        }
        self.keys = keys.isEmpty || schema.problem == .regression ? [.predictedLabel] : keys
    }

    /// Without parameters and spaces, in small letters; nil where there is none.
    static func mediaType(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return text.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }

    /// linear-learner's answer in JSON, as it comes from the container before.
    static func predictions(_ body: [UInt8], _ type: String) throws -> [LinearModel.Prediction] {
        guard type == "application/json", let list = try? JSON(parsing: body)["predictions"]?.arrayValue else {
            throw Refusal(status: 415, message: "The algorithm's answer is \(type), and must be application/json")
        }
        return list.map { prediction in
            let score = prediction["score"]
            let scores = score?.arrayValue ?? [score ?? .null]
            return LinearModel.Prediction(
                scores: scores.compactMap(\.doubleValue).map { Float($0) },
                label: prediction["predicted_label"]?.intValue
            )
        }
    }

    /// - Throws: `Refusal` where the client accepts none of the forms.
    func write(_ predictions: [LinearModel.Prediction], accept: String?) throws(Refusal) -> (String, [UInt8]) {
        let accepted = Self.mediaType(accept)
        let type = accepted == nil || accepted == "*/*" ? defaultAccept : accepted ?? defaultAccept
        switch type {
        case "text/csv":
            let lines = predictions.map { prediction in
                keys.map { csv(value($0, prediction)) }.joined(separator: ",") + "\n"
            }
            return (type, Array(lines.joined().utf8))
        case "application/json":
            let list = predictions.map { prediction in
                JSON.object(JSON.Object(keys.map { ($0.rawValue, value($0, prediction)) }))
            }
            return (type, JSON.object(["predictions": .array(list)]).serializedBytes())
        default:
            throw Refusal(
                status: 406,
                message: "Accept type \(type) is not supported. Supported accept types are text/csv, application/json"
            )
        }
    }

    private func value(_ key: Key, _ prediction: LinearModel.Prediction) -> JSON {
        guard let classes = schema.labels?.classes else { return .double(Double(prediction.scores.first ?? 0)) }
        let label = prediction.label ?? 0
        let scores = prediction.scores.map { Double($0) }
        let probabilities = scores.count == 1 ? [1 - scores[0], scores[0]] : scores
        switch key {
        case .predictedLabel: return .string(classes.indices.contains(label) ? classes[label] : String(label))
        case .probability:
            let place = scores.count == 1 && !isOfPredicted ? 1 : label
            return .double(probabilities.indices.contains(place) ? probabilities[place] : 0)
        case .probabilities: return .array(probabilities.map { .double($0) })
        case .labels: return .array(classes.map { .string($0) })
        }
    }

    /// Lists as Python prints them, in quotes.
    private func csv(_ value: JSON) -> String {
        switch value {
        case .string(let text): return Self.quoted(text)
        case .array(let elements):
            let texts = elements.map { element in element.stringValue.map { "'\($0)'" } ?? element.serialized() }
            return "\"[" + texts.joined(separator: ", ").replacing("\"", with: "\"\"") + "]\""
        default: return value.serialized()
        }
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
