import Foundation
import Testing

@testable import LinearLearner

@Suite struct InputTests {
    private static let types = [
        "regressor": ["predictor_type": "regressor"],
        "binary": ["predictor_type": "binary_classifier"],
        "multiclass": ["predictor_type": "multiclass_classifier", "num_classes": "3"],
    ]

    @Test(arguments: [
        ("regressor", "1,2,3\n4,x,6\n", ["line 2, column 2", "'x' is not a number"]),
        ("regressor", "label,a,b\n4,5,6\n", ["line 1, column 1", "'label' is not a number", "header"]),
        ("regressor", "1,2,3\n4,,6\n", ["line 2, column 2", "missing (NaN)", "is empty"]),
        ("regressor", "1,2,3\n4,5,\n", ["line 2, column 3", "missing (NaN)"]),
        ("regressor", "1,2,3\r\n4,NaN,6\r\n", ["line 2, column 2", "missing (NaN)", "'NaN'"]),
        ("regressor", "1,2,3\n4,-inf,6\n", ["line 2, column 2", "infinite (Inf)", "'-inf'"]),
        ("regressor", "1,2,3\n4,1e300,6\n", ["line 2, column 2", "'1e300'", "32-bit"]),
        ("regressor", "1,2,3\n\n4,5\n", ["line 3 has 2 columns", "line 1 has 3"]),
        ("regressor", "1\n2\n", ["line 1 has only one column"]),
        ("regressor", "1;2;3\n4;5;6\n", ["line 1, column 1", "separated by semicolons"]),
        ("regressor", "1\t2\n4\t5\n", ["line 1, column 1", "separated by tabs"]),
        ("regressor", "1,\"2,3\n4,5,6\n", ["line 1, column 2", "quotation mark at one end"]),
        ("regressor", "1,1.234.567,3\n4,5,6\n", ["line 1, column 2", "nothing between thousands"]),
        ("regressor", "", ["There are no rows in /opt/ml/input/data/train/data.csv"]),
        ("regressor", "\n\n", ["There are no rows"]),
        ("binary", "0,1\n2,1\n", ["line 2, column 1 is 2", "needs 0 or 1"]),
        ("binary", "1,1\n2,1\n", ["Recode the labels as 0 and 1"]),
        ("multiclass", "0,1.5\n3,1.5\n", ["line 2, column 1 is 3", "integer from 0 to 2", "set num_classes"]),
        ("multiclass", "0,1.5\n-1,1.5\n", ["line 2, column 1 is -1"]),
        ("multiclass", "0,1.5\n0.5,1.5\n", ["line 2, column 1 is 0.5"]),
        (
            "multiclass", "-1.47,1.22,0\n-0.13,3.02,1\n1.08,0.09,2\n",
            [
                "The label in file /opt/ml/input/data/train/data.csv, line 1, column 1 is -1.47", "first column",
                "Column 3 holds integers 0…2 and looks like the label", "df[[label] + features]", "awk",
            ]
        ),
    ])
    func `a wrong cell is named with the mend`(type: String, text: String, parts: [String]) throws {
        let hyperparameters = try #require(Self.types[type])
        let message = try #require(try Training.failure(hyperparameters, ["train": text]))
        #expect(message.hasPrefix("ClientError: "))
        #expect(message.utf8.count <= 1024)
        for part in parts { #expect(message.contains(part), "\(message)") }
    }

    @Test(arguments: ["1,2,3\n4,5,7\n", "1,2,3\r\n4,5,7\r\n", "1, 2 ,3\n4,\"5\",7", "\u{FEFF}1,2,3\n\n+4,.5e1,7.\n"])
    func `the same numbers are read however they are written`(text: String) throws {
        let training = try Training(["predictor_type": "regressor"], ["train": text])
        let plain = try Training(["predictor_type": "regressor"], ["train": "1,2,3\n4,5,7\n"])
        #expect(training.model?.archive == plain.model?.archive)
    }

    @Test(arguments: [
        (["predictor_type": "regressor", "epoch": "3"], "('epoch' was unexpected). Did you mean 'epochs'?"),
        (["predictor_type": "regressor", "seed": "3"], "('seed' was unexpected)"),
        (["predictor_type": "regressor", "epochs": "many"], "'many' is not valid for hyperparameter 'epochs'"),
        (["predictor_type": "regressor", "epochs": "0"], "a positive integer"),
        (["predictor_type": "regressor", "wd": "-1"], "auto or a number not below 0"),
        (["predictor_type": "regressor", "loss": "logistic"], "does not go with predictor_type regressor"),
        (
            ["predictor_type": "regressor", "feature_dim": "7"],
            "feature_dim is 7, but the channel 'train' has 2 features"
        ),
        (["predictor_type": "classifier"], "one of binary_classifier, multiclass_classifier, regressor"),
        (["predictor_type": "multiclass_classifier"], "'num_classes' is a required property"),
        (["predictor_type": "multiclass_classifier", "num_classes": "2"], "use predictor_type binary_classifier"),
        ([:], "'predictor_type' is a required property"),
    ])
    func `a wrong hyperparameter is named with the mend`(hyperparameters: [String: String], part: String) throws {
        let message = try #require(try Training.failure(hyperparameters, ["train": "1,2,3\n0,5,6\n"]))
        #expect(message.hasPrefix("ClientError: "))
        #expect(message.contains(part), "\(message)")
    }

    @Test func `every documented hyperparameter has a default that is allowed`() {
        #expect(HyperparameterRule.all.count == 44)
        for rule in HyperparameterRule.all {
            if let value = rule.defaultValue { #expect(rule.allows(value), "\(rule.name)") }
        }
    }

    @Test func `channels are checked`() throws {
        let type = ["predictor_type": "regressor"]
        #expect(try Training.failure(type, ["training": "1,2\n"])?.contains("'training' is not known") == true)
        #expect(try Training.failure(type, [:])?.contains("'train' is missing") == true)
        #expect(try Training.failure(type, ["train": "1,2\n", "test": "1,2,3\n"])?.contains("has 2 features") == true)
    }

    @Test(arguments: [
        ("csv", "No iterator has been registered for ContentType ('csv', '1.0')"),
        ("text/csv;label_size=0", "label_size=1"),
    ])
    func `content types are checked`(type: String, part: String) throws {
        let message = try Training.failure(["predictor_type": "regressor"], ["train": "1,2\n"], contentType: type)
        #expect(message?.contains(part) == true)
    }

    @Test(arguments: [
        "0", "-0", "1", "-1.5", "123456789.125", "1e10", "1E-5", ".5", "5.", "9007199254740993", "1e22", "1e23",
        "1e-30",
        "0.1234567890123456789012", "18446744073709551616",
    ])
    func `numbers are read to the nearest single-precision number`(text: String) {
        let bytes = Array(text.utf8)
        var position = 0
        let expected = Float(text.hasSuffix(".") ? text + "0" : text)
        #expect(NumberScanner.scan(bytes, &position, end: bytes.count).map { Float($0) } == expected)
        #expect(position == bytes.count)
    }

    @Test(arguments: [
        "0", "-0", "1", "12", "-1.5", ".5", "5.", "-.5", "1234567", "0.00001", "-12.345", "9.99999", "000.100",
        "-0.0001",
    ])
    func `short numbers are read as long ones are`(text: String) {
        var position = 0
        let bytes = Array(text.utf8)
        let long = NumberScanner.scan(bytes, &position, end: bytes.count).map { Float($0) }
        for delimiter in [",", "\n", "\r", " ", "\0"] {
            let padded = Array((text + delimiter + "23456789").utf8)
            let short = NumberScanner.scanShort(padded, NumberScanner.shortScales)
            #expect(Float(short.value) == long)
            #expect(short.length == bytes.count)
            #expect(short.digitBits == 8 * text.filter(\.isNumber).count)
        }
    }

    @Test(arguments: [
        "0", "-12.345", "1234567", "12345678", "-1234567", "-12345.67", "1234567.", "12345678.", "-123.4567", "1e5",
        "1.5e-3", "-0.123456789012345", "0.5,", "+7", "123456.7", "1234567.8",
    ])
    func `a cell of any length is a number up to its end`(text: String) throws {
        let number = try #require(
            text.split(separator: ",").first.flatMap { Float($0 + ($0.hasSuffix(".") ? "0" : "")) }
        )
        try Self.scanCell(text + ",23456789012345678") { isNumber, value, rest in
            #expect(isNumber)
            #expect(Float(value) == number)
            #expect(rest.first == UInt8(ascii: ","))
        }
    }

    @Test(arguments: [
        "", "-", ".", "-.", "1.2.3", "--1", "1-2", "abc", "nan", "1:2", "1/2", "é", "1e", "1e99", "12345678x",
    ])
    func `what is no number is no cell`(text: String) throws {
        try Self.scanCell(text + ",23456789012345678") { isNumber, _, rest in
            #expect(!isNumber || rest.first != UInt8(ascii: ","))
        }
    }

    /// - Parameter body: Takes whether there is a number, which, and what comes behind it.
    private static func scanCell(_ text: String, _ body: (Bool, Double, ArraySlice<UInt8>) throws -> Void) throws {
        let bytes = Array(text.utf8)
        var (value, length, isNumber) = (0.0, 0, false)
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var cell = base
            isNumber = NumberScanner.scanCell(&cell, base + buffer.count, NumberScanner.shortScales, &value)
            length = cell - base
        }
        try body(isNumber, value, bytes[length...])
    }

    @Test func `records are trained on like lines`() throws {
        func bytes(_ values: [Float]) -> [UInt8] {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
        }
        func entry(_ tag: UInt8, _ values: [Float]) -> [UInt8] {
            let tensor = [0x0A, UInt8(4 * values.count)] + bytes(values)
            let value = [0x12, UInt8(tensor.count)] + tensor
            let body = [0x0A, 6] + Array("values".utf8) + [0x12, UInt8(value.count)] + value
            return [tag, UInt8(body.count)] + body
        }
        func file(_ rows: [[Float]]) throws -> String {
            let path = NSTemporaryDirectory() + "/records-" + UUID().uuidString
            var contents: [UInt8] = []
            for row in rows {
                let payload = entry(0x0A, Array(row.dropFirst())) + entry(0x12, [row[0]])
                contents += [0x0A, 0x23, 0xD7, 0xCE, UInt8(payload.count), 0, 0, 0] + payload
                contents += [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
            }
            try Data(contents).write(to: URL(fileURLWithPath: path))
            return path
        }
        func train(_ rows: [[Float]], _ hyperparameters: [String: String]) throws -> [UInt8] {
            let path = try file(rows)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let channel = TrainingChannel(contentType: "application/x-recordio-protobuf", files: [.init(path: path)])
            return try LinearLearner.train(
                hyperparameters: hyperparameters,
                channels: ["train": channel],
                log: { _ in },
                now: { 0 }
            ).archive
        }
        let rows: [[Float]] = [[1, 2, 3], [4, 5, 7], [2, 2, 8]]
        let lines = try Training(["predictor_type": "regressor"], ["train": "1,2,3\n4,5,7\n2,2,8\n"])
        #expect(try train(rows, ["predictor_type": "regressor"]) == lines.model?.archive)
        let error = #expect(throws: AlgorithmError.self) { try train(rows, ["predictor_type": "binary_classifier"]) }
        #expect(error?.message.contains("record 2") == true)
    }
}
