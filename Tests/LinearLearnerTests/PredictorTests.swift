import Foundation
import RecordIO
import Testing

@testable import LinearLearner

@Suite struct PredictorTests {
    private static func model(_ type: LinearModel.PredictorType) -> Predictor {
        let scores = type == .multiclassClassifier ? 3 : 1
        return Predictor(
            LinearModel(
                predictorType: type,
                lossType: type == .regressor ? "squared_loss" : "logistic",
                featureCount: 3,
                scoreCount: scores,
                weights: type == .multiclassClassifier ? [1, 0, 0, 0, 1, 0, 0, 0, 1] : [1, -2, 0.5],
                bias: [Float](repeating: 0, count: scores),
                threshold: 0.5
            )
        )
    }

    private static func answer(
        _ body: String,
        _ contentType: String? = "text/csv",
        accept: String? = nil,
        _ type: LinearModel.PredictorType = .regressor
    ) throws(InferenceError) -> String {
        let response = try model(type).respond(to: Array(body.utf8), contentType: contentType, accept: accept)
        return String(decoding: response.body, as: UTF8.self)
    }

    @Test(arguments: ["text/csv", "application/json", "application/jsonlines", "application/x-recordio-protobuf"])
    func `the 334 rows that SageMaker scored get its scores and labels`(contentType: String) throws {
        let archive = try #require(Data(base64Encoded: AmazonModel.archive))
        let predictor = try Predictor(modelBytes: Array(archive))
        let rows = AmazonModel.predictions.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(rows.count == 334)
        var body: [UInt8] = []
        let features = rows.map { $0.prefix(14).joined(separator: ",") }
        switch contentType {
        case "text/csv": body = Array(features.joined(separator: "\n").utf8)
        case "application/json":
            body = Array("{\"instances\": [\(features.map { "{\"features\": [\($0)]}" }.joined(separator: ","))]}".utf8)
        case "application/jsonlines":
            body = Array(features.map { "{\"data\": {\"features\": {\"values\": [\($0)]}}}\n" }.joined().utf8)
        default:
            for row in rows {
                let values = row.prefix(14).compactMap { Float($0) }
                RecordWriter.append(features: [("values", Record.Tensor(values: values))], label: [], to: &body)
            }
        }
        let response = try predictor.respond(to: body, contentType: contentType, accept: "text/csv")
        let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 334)
        for (row, line) in zip(rows, lines) {
            let answer = line.split(separator: ",")
            #expect(abs((Double(answer[0]) ?? .nan) - (Double(row[14]) ?? .nan)) < 1e-6)
            #expect(answer[1] == row[15])
        }
    }

    @Test func `SageMaker's answer is ours byte for byte where the last digit is`() throws {
        let archive = try #require(Data(base64Encoded: AmazonModel.archive))
        let predictor = try Predictor(modelBytes: Array(archive))
        let body = "28,2,133937,9,13,2,0,0,4,1,15024,0,55,37\n"
        let response = try predictor.respond(to: Array(body.utf8), contentType: "text/csv", accept: "application/json")
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix("{\"predictions\": [{\"score\": 0.98997"))
        #expect(text.hasSuffix(", \"predicted_label\": 1}]}"))
        #expect(response.contentType == "application/json")
    }

    @Test(arguments: [
        (nil, "{\"predictions\": [{\"score\": -1.5}, {\"score\": 0.5}]}"),
        ("*/*", "{\"predictions\": [{\"score\": -1.5}, {\"score\": 0.5}]}"),
        ("application/jsonlines", "{\"score\": -1.5}\n{\"score\": 0.5}\n"),
        ("text/csv", "-1.5\n0.5\n"),
    ])
    func `a regression answers with scores`(accept: String?, answer: String) throws {
        #expect(try Self.answer("1,2,3\n0,0,1", accept: accept) == answer)
    }

    @Test(arguments: [
        ("application/json", "{\"predictions\": [{\"score\": 0.5, \"predicted_label\": 0}]}"),
        ("application/jsonlines", "{\"score\": 0.5, \"predicted_label\": 0}\n"),
        ("text/csv", "0.5,0\n"),
    ])
    func `two classes are answered with a score and a label`(accept: String, answer: String) throws {
        #expect(try Self.answer("0,0,0", accept: accept, .binaryClassifier) == answer)
    }

    @Test func `many classes are answered with a list`() throws {
        let answer = try Self.answer("0,0,0", .some("text/csv"), .multiclassClassifier)
        #expect(
            answer
                == "{\"predictions\": [{\"score\": [0.3333333432674408, 0.3333333432674408, 0.3333333432674408], "
                + "\"predicted_label\": 0}]}"
        )
        #expect(try Self.answer("0,0,90", accept: "text/csv", .multiclassClassifier).hasSuffix(",1.0,2\n"))
    }

    @Test(arguments: [
        ("1,2,3", "text/csv"), (" 1 , \"2\",3\r\n\r\n", "text/csv; charset=utf-8"), ("\u{FEFF}1,2,3\n", nil),
        (#"{"instances": [{"features": [1, 2, 3]}]}"#, "application/json"),
        (#"{"features": [1, 2, 3]}"#, "application/json"),
        (#"{"instances": [{"data": {"features": [1, 2, 3]}}]}"#, "application/json"),
        (#"{"instances": [{"data": {"features": {"values": [1, 2, 3]}}}]}"#, "application/json"),
        (
            #"{"instances": [{"data": {"features": {"values": [3, 1, 2], "keys": [2, 0, 1], "shape": [3]}}}]}"#,
            "application/json"
        ),
        (#"{"features": [1, 2, 3]}"# + "\n", "application/jsonlines"),
        ("\n" + #"{"data": {"features": {"values": [1, 2, 3]}}}"#, "application/jsonlines"),
        (#"{"data": {"features": {"keys": [0, 1, 2], "shape": [3], "values": [1, 2, 3]}}}"#, "application/jsonlines"),
    ])
    func `each documented form of a request is read`(body: String, contentType: String?) throws {
        #expect(try Self.answer(body, contentType, accept: "text/csv") == "-1.5\n")
    }

    @Test func `records are read and written, dense and sparse`() throws {
        var body: [UInt8] = []
        let dense = Record.Tensor(values: [1, 2, 3])
        let sparse = Record.Tensor(values: [2], keys: [1], shape: [3])
        for tensor in [dense, sparse] { RecordWriter.append(features: [("values", tensor)], label: [], to: &body) }
        let type = "application/x-recordio-protobuf"
        let response = try Self.model(.binaryClassifier).respond(to: body, contentType: type, accept: type)
        #expect(response.rowCount == 2)
        let records = try RecordFile(bytes: response.body).map { try $0.get() }
        #expect(records.map { $0.label["predicted_label"]?.values } == [[0], [0]])
        #expect(abs((records[1].label["score"]?.values.first ?? 0) - 0.017986) < 1e-5)
    }

    @Test(arguments: [
        (
            "1,2", "text/csv", 400,
            "feature dimension of the input: 2 does not match the feature dimension of the model: 3"
        ),
        ("0,1,2,3", "text/csv", 400, "a request has no label"),
        ("1,2,3\n1,x,3", "text/csv", 400, "line 2, column 2: 'x' is not a number"),
        ("1,,3", "text/csv", 400, "column 2: '' is not a number"),
        ("", "text/csv", 400, "no rows"),
        ("{", "application/json", 400, "not JSON"),
        (#"{"instances": 3}"#, "application/json", 400, "'instances' is not an array"),
        (#"{"instances": [{"x": 1}]}"#, "application/json", 400, "instances[0] has no features"),
        (#"{"instances": [{"features": [1, "a", 3]}]}"#, "application/json", 400, "not a number"),
        (#"{"features": {"values": [1], "keys": [7]}}"#, "application/json", 400, "of the input: 8"),
        (#"{"features": {"values": [1, 2], "keys": [1]}}"#, "application/json", 400, "1 keys and 2 values"),
        (#"{"features": {"values": [1], "keys": [1], "shape": [9]}}"#, "application/json", 400, "of the input: 9"),
        ("{\"features\": [1,2,3]}\n}", "application/jsonlines", 400, "Line 2 is not JSON"),
        ("abcdefghij", "application/x-recordio-protobuf", 400, "magic"),
        ("1,2,3", "text/libsvm", 415, "text/libsvm not supported"),
    ])
    func `a wrong request is refused with the mend`(body: String, contentType: String, status: Int, part: String) throws
    {
        let error = #expect(throws: InferenceError.self) { try Self.answer(body, contentType) }
        #expect(error?.statusCode == status)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        if status == 400 { #expect(error?.message.hasPrefix("unable to evaluate payload provided") == true) }
    }

    @Test func `an answer that cannot be had is refused`() throws {
        let error = #expect(throws: InferenceError.self) { try Self.answer("1,2,3", accept: "image/png") }
        #expect(error?.statusCode == 406)
        #expect(try Self.answer("1,2,3", accept: "image/png, text/csv;q=0.5") == "-1.5\n")
    }
}
