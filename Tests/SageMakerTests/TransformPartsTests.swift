import AWSProtocol
import JSON
import NIOCore
import Testing

@testable import SageMaker

@Suite struct TransformPartsTests {
    private func records(_ split: TransformPlan.Split, _ chunks: [[UInt8]]) throws -> [[UInt8]] {
        var splitter = RecordSplitter(split)
        var records: [[UInt8]] = []
        for chunk in chunks {
            splitter.append(ByteBuffer(bytes: chunk))
            while let record = try splitter.next(isEnd: false) { records.append(Array(record.readableBytesView)) }
        }
        while let record = try splitter.next(isEnd: true) { records.append(Array(record.readableBytesView)) }
        return records
    }

    @Test(arguments: [
        ("a\nb\nc", ["a", "b", "c"]), ("a\r\n\r\nb\n", ["a", "b"]), ("", []), ("\n\n", []),
    ])
    func `lines come whole however the chunks fall`(text: String, expected: [String]) throws {
        let whole = try records(.line, [Array(text.utf8)])
        let bytewise = try records(.line, text.utf8.map { [$0] })
        #expect(whole == expected.map { Array($0.utf8) })
        #expect(bytewise == whole)
    }

    @Test func `frames come with what frames them`() throws {
        let record: [UInt8] = [0x0A, 0x23, 0xD7, 0xCE, 5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]
        #expect(try records(.recordIO, (record + record).map { [$0] }) == [record, record])
        let example: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 8, 8, 8, 8]
        #expect(try records(.tfRecord, [example + example]) == [example, example])
        #expect(throws: RecordSplitter.Malformed.self) { try records(.recordIO, [Array(record.dropLast())]) }
        #expect(throws: RecordSplitter.Malformed.self) { try records(.recordIO, [Array("1,2,3,4\n".utf8)]) }
    }

    @Test func `payloads hold what fits, or one record`() throws {
        func bodies(limit: Int, single: Bool) throws -> [String] {
            var batching = TransformBatching(try TransformPlan(.transform([:])))
            batching.maximumPayload = limit
            batching.isSingleRecord = single
            var builder = PayloadBuilder(.line, batching, nil)
            var bodies: [String] = []
            for record in ["aa", "bb", "cc"] {
                if let payload = try builder.add(ByteBuffer(string: record)) {
                    bodies.append(String(buffer: payload.body))
                }
            }
            if let payload = builder.finish() { bodies.append(String(buffer: payload.body)) }
            return bodies
        }
        #expect(try bodies(limit: 100, single: false) == ["aa\nbb\ncc"])
        #expect(try bodies(limit: 5, single: false) == ["aa\nbb", "cc"])
        #expect(try bodies(limit: 100, single: true) == ["aa", "bb", "cc"])
        #expect(throws: RecordSplitter.Malformed.self) { try bodies(limit: 1, single: false) }
    }

    @Test(arguments: [
        ("$", "a,b,c,d"), ("$[1:]", "b,c,d"), ("$[0,2:]", "a,c,d"), ("$[-1]", "d"), ("$[:-1]", "a,b,c"),
        ("$[0, -1]", "a,d"), ("$[2]", "c"), ("$[1:3]", "b,c"),
    ])
    func `filters select fields of rows`(filter: String, expected: String) throws {
        #expect(try DataFilter(filter).select(row: ["a", "b", "c", "d"])?.joined(separator: ",") == expected)
    }

    @Test(arguments: [
        ("$", #"{"id":1,"f":[1,2,3],"o":{"x":2}}"#), ("$.f", "[1,2,3]"), ("$.f[1:]", "[2,3]"),
        ("$['id','f']", #"{"id":1,"f":[1,2,3]}"#),
        ("$.o.x", "2"), ("$.f[0]", "1"), ("$['o']['x']", "2"),
    ])
    func `filters select members of objects`(filter: String, expected: String) throws {
        let value = try JSON(parsing: #"{"id":1,"f":[1,2,3],"o":{"x":2}}"#)
        #expect(try DataFilter(filter).select(value) == JSON(parsing: expected))
    }

    @Test(arguments: ["id", "$[a]", "$.", "$[", "$[1:2:3]", "$['a',1]", "$.*"])
    func `what is no filter is refused`(filter: String) {
        #expect(throws: PlanError.self) { try DataFilter(filter) }
    }

    @Test func `an index beyond the record is an error`() throws {
        #expect(try DataFilter("$[7]").select(row: ["a"]) == nil)
        #expect(try DataFilter("$.none").select(["a": 1]) == nil)
    }

    private func process(
        _ document: JSON,
        _ type: String,
        _ records: [String],
        answer: String
    ) throws -> [String] {
        let processing = try #require(try TransformDataProcessing(document, contentType: type, accept: type))
        let buffers = records.map { ByteBuffer(string: $0) }
        return try processing.processed(ByteBuffer(string: answer), of: buffers).map { String(buffer: $0) }
    }

    @Test func `answers are joined to their records`() throws {
        let join: JSON = ["JoinSource": "Input"]
        #expect(
            try process(join, "text/csv", ["1,\"a,b\"", "2,c"], answer: "0.5\n0.7\n") == ["1,\"a,b\",0.5", "2,c,0.7"]
        )
        #expect(
            try process(["JoinSource": "Input", "OutputFilter": "$[0,-1]"], "text/csv", ["1,5,6"], answer: "0.5")
                == ["1,0.5"]
        )
        #expect(
            try process(join, "application/jsonlines", [#"{"id":1}"#], answer: #"{"score":2}"#)
                == [#"{"id":1,"SageMakerOutput":{"score":2}}"#]
        )
        #expect(
            try process(join, "application/json", ["[1,2]"], answer: #"{"score":2}"#)
                == [#"{"SageMakerInput":[1,2],"SageMakerOutput":{"score":2}}"#]
        )
        #expect(throws: RecordSplitter.Malformed.self) { try process(join, "text/csv", ["1", "2"], answer: "0.5") }
    }
}

extension JobRecord {
    /// A transform job that nobody runs.
    static func transform(_ more: JSON.Object) -> JobRecord {
        let request = JSON.transformJob(more).objectValue ?? [:]
        return JobRecord(
            id: 1,
            kind: .transform,
            account: JobKit.caller.account,
            region: JobKit.caller.region,
            name: "job",
            created: .init(milliseconds: 0),
            request: request,
            state: JobState(created: .init(milliseconds: 0))
        )
    }
}

extension JSON {
    /// A transform job's request.
    static func transformJob(_ more: JSON.Object = [:]) -> JSON {
        let request: JSON.Object = [
            "TransformJobName": "job",
            "ModelName": "model",
            "TransformInput": [
                "DataSource": ["S3DataSource": ["S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"]],
                "ContentType": "text/csv", "SplitType": "Line",
            ],
            "TransformOutput": ["S3OutputPath": "s3://bucket/out", "AssembleWith": "Line"],
            "TransformResources": ["InstanceType": "ml.m5.large", "InstanceCount": 1],
        ]
        return .object(request.merging(more))
    }
}
