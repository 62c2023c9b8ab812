import JSON
import Testing

@testable import TabularSteps

@Suite struct PreprocessingTests {
    private static var iris: Preprocessing {
        var preprocessing = Preprocessing()
        preprocessing.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
        preprocessing.labelColumn = "species"
        return preprocessing
    }

    @Test func `iris comes out byte for byte as pandas and scikit-learn write it`() throws {
        let result = try Self.iris.run(Array(Iris.data.utf8))
        #expect(result.train == Array(Iris.train.utf8))
        #expect(result.test == Array(Iris.test.utf8))
        #expect(result.train.count == 9635 && result.test.count == 2404)
        #expect(result.trainRowCount == 120 && result.testRowCount == 30)
    }

    @Test func `the label moves to the front and nothing else changes`() throws {
        var preprocessing = Self.iris
        preprocessing.labelPosition = .first
        let result = try preprocessing.run(Array(Iris.data.utf8))
        let moved = Iris.train.split(separator: "\n").map { line in
            let cells = line.split(separator: ",")
            return ([cells[4]] + cells[..<4]).joined(separator: ",") + "\n"
        }
        #expect(result.train == Array(moved.joined().utf8))
    }

    @Test func `what was done is kept for raw rows`() throws {
        let transformation = try Self.iris.run(Array(Iris.data.utf8)).transformation
        #expect(transformation["label"]?["classes"] == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"])
        #expect(transformation["features"]?.arrayValue?.count == 4)
        let scale = try #require(transformation["scaler"]?["scale"]?[0]?.doubleValue)
        #expect(abs(scale - 0.82) < 0.01)
    }

    @Test(arguments: ["\r\n", "\r", "\n\n"])
    func `line ends make no difference`(end: String) throws {
        let text = Iris.data.split(separator: "\n").joined(separator: end)
        #expect(try Self.iris.run(Array(text.utf8)).train == Array(Iris.train.utf8))
    }

    @Test func `a header, quotes and spaces make no difference`() throws {
        var preprocessing = Self.iris
        preprocessing.columns = nil
        let rows = Iris.data.split(separator: "\n").map { line in
            let cells = line.split(separator: ",")
            return "\"\(cells[0])\", \(cells[1]) ,\(cells[2]),\(cells[3]),\"\(cells[4])\""
        }
        let text = "a,b,c,d,species\n" + rows.joined(separator: "\n")
        #expect(try preprocessing.run(Array(text.utf8)).train == Array(Iris.train.utf8))
    }

    @Test func `missing features take the training mean, rows without a label go`() throws {
        var preprocessing = Preprocessing()
        preprocessing.columns = ["x", "y", "label"]
        preprocessing.encodesLabel = false
        preprocessing.testSize = 0.25
        let text = "1,10,1\n2,NA,2\n3,30,3\n,40,4\n5,50,\n"
        let result = try preprocessing.run(Array(text.utf8))
        #expect(result.trainRowCount == 3 && result.testRowCount == 1)
        // permutation(4) of RandomState(42) is 1, 3, 0, 2: the second row is the test row.
        #expect(result.transformation["imputer"]?["mean"] == [2, .double(80.0 / 3)])
        #expect(String(decoding: result.test, as: UTF8.self) == "0.0,0.0,2.0\n")
        #expect(String(decoding: result.train, as: UTF8.self).hasPrefix("0.0,1.06904"))
    }

    @Test(arguments: [
        ("1,2,a\n3,x,b\n", 2, 2, "'x' in the column y is not a number"),
        ("1,2,a\n3,inf,b\n", 2, 2, "infinite"),
        ("1,2,a\n\n3,b\n", 3, nil, "has 2 cells, but the first has 3"),
        ("1,\"2,a\n3,4,b\n", 1, 2, "does not end"),
        ("x,y,label\n1,2,a\n", 1, 1, "if line 1 names the columns"),
    ])
    func `errors name the place`(text: String, line: Int?, column: Int?, part: String) throws {
        var preprocessing = Preprocessing()
        preprocessing.columns = ["x", "y", "label"]
        let error = #expect(throws: TabularError.self) { try preprocessing.run(Array(text.utf8)) }
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            (nil, "label", 0.2, "there is no column"), (["x", "y"], nil, 0.2, "The rows have 3 cells"),
            (["x", "y", "z"], nil, 1.0, "between 0 and 1"), (["x", "x", "z"], nil, 0.2, "same name"),
            (["x", "y", "z"], nil, 0.9, "too few"),
        ] as [([String]?, String?, Double, String)]
    )
    func `options are checked`(columns: [String]?, label: String?, size: Double, part: String) throws {
        var preprocessing = Preprocessing()
        preprocessing.columns = columns
        preprocessing.labelColumn = label
        preprocessing.testSize = size
        let error = #expect(throws: TabularError.self) { try preprocessing.run(Array("1,2,a\n3,4,b\n".utf8)) }
        #expect(error?.message.lowercased().contains(part.lowercased()) == true, "\(error?.message ?? "")")
    }
}

@Suite struct NumPyTests {
    @Test func `the generator is NumPy's`() {
        var generator = MersenneTwister(seed: 42)
        #expect((0..<4).map { _ in generator.next() } == [1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414])
        for _ in 4..<999 { _ = generator.next() }
        #expect(generator.next() == 1_946_654_618)
        var other = MersenneTwister(seed: 42)
        #expect(Array(other.permutation(150).prefix(6)) == [73, 18, 118, 78, 76, 31])
    }

    @Test(arguments: [
        (0.1, "0.1"), (-0.0, "-0.0"), (1e16, "1e+16"), (1e-5, "1e-05"), (9_007_199_254_740_994, "9007199254740994.0"),
        (123456789.0, "123456789.0"), (.nan, ""),
    ])
    func `numbers are written as Python writes them`(value: Double, text: String) {
        #expect(NumPy.text(value) == text)
    }

    @Test(
        arguments: [
            ("1.5", 1.5), (" -2e3\t", -2000), (".5", 0.5), ("0x10", nil), ("NAN", nil), ("1,5", nil), ("", nil),
            ("inf", .infinity),
        ] as [(String, Double?)]
    )
    func `numbers in cells are decimal`(cell: String, value: Double?) {
        #expect(CSVTable.number(cell) == value)
    }

    @Test func `classes written as numbers are ordered by value`() throws {
        var preprocessing = Preprocessing()
        preprocessing.columns = ["x", "label"]
        let result = try preprocessing.run(Array("1,10\n2,9\n3,9223372036854775807\n4,9\n".utf8))
        #expect(result.transformation["label"]?["classes"]?[0] == "9")
        #expect(result.transformation["label"]?["classes"]?[1] == "10")
    }

    @Test func `a constant column is left at zero`() {
        let scaler = StandardScaler(fitting: [[3.3, 3.3, 3.3]])
        #expect(scaler.scales == [1])
    }
}
