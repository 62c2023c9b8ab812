import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import StepFunctions
import Testing

extension Bench {
    /// Starts an execution of a machine of one Map state with those fields, whose processor is the state given.
    fileprivate func start(
        _ fields: String,
        _ state: String,
        input: String,
        children: String = "STANDARD"
    ) async throws -> JSON {
        let definition = #"""
            {"StartAt":"M","States":{"M":{"Type":"Map","End":true,\#(fields)"ItemProcessor":{"ProcessorConfig":
            {"Mode":"DISTRIBUTED","ExecutionType":"\#(children)"},"StartAt":"S","States":{"S":{\#(state),"End":true}}}}}}
            """#
        return try await start(create("m", definition), input: input)
    }

    fileprivate func mapRun(_ execution: JSON) async throws -> JSON {
        while true {
            let runs = try await call("ListMapRuns", ["executionArn": execution])["mapRuns"]
            if let arn = runs?[0]?["mapRunArn"] { return try await call("DescribeMapRun", ["mapRunArn": arn]) }
            await Task.yield()
        }
    }
}

@Suite struct `Map runs` {
    @Test func `each item has an execution of its own`() async throws {
        let runs = try Bench()
        let execution = try await runs.start(#""Label":"L","#, #""Type":"Pass""#, input: "[1,2,3]")
        #expect(try await runs.end(execution)["output"] == "[1,2,3]")
        let run = try await runs.mapRun(execution)
        #expect(run["status"] == "SUCCEEDED")
        #expect(run["itemCounts"]?["succeeded"] == 3)
        let children = try await runs.call("ListExecutions", ["mapRunArn": try #require(run["mapRunArn"])])[
            "executions"
        ]
        let child = try #require(children?[0]?["executionArn"])
        #expect(child.stringValue?.hasPrefix("arn:aws:states:us-east-1:000000000000:execution:m/L:") == true)
        #expect(try await runs.call("DescribeExecution", ["executionArn": child])["mapRunArn"] == run["mapRunArn"])
    }

    @Test(arguments: [
        ("", "FAILED"), (#""ToleratedFailureCount":1,"#, "SUCCEEDED"), (#""ToleratedFailurePercentage":33,"#, "FAILED"),
    ])
    func `failures are tolerated as far as the state says`(_ fields: String, _ status: String) async throws {
        let runs = try Bench()
        let state = #""Type":"Pass","Parameters":{"v.$":"$.v"}"#
        let execution = try await runs.start(fields, state, input: #"[{"v":1},{},{"v":3}]"#)
        let ended = try await runs.end(execution)
        #expect(ended["status"]?.stringValue == status)
        #expect(status == "SUCCEEDED" || ended["error"] == "States.ExceedToleratedFailureThreshold")
    }

    @Test func `items come from S3 and results go there`() async throws {
        let aws = RecordingCaller()
        aws.answer("s3:GetObject") { _ throws(AWSError) in AWSResponse([:], body: Body("a,b\n1,2\n")) }
        aws.answer("s3:PutObject", with: [:])
        let runs = try Bench(aws: aws)
        let execution = try await runs.start(
            #"""
            "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV",
            "CSVHeaderLocation":"FIRST_ROW"},"Parameters":{"Bucket":"b","Key":"k"}},
            "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"out"}},
            """#,
            #""Type":"Pass""#,
            input: "{}"
        )
        let output = try JSON(parsing: try #require(try await runs.end(execution)["output"]?.stringValue))
        let keys = aws.requests(of: "s3:PutObject").map { $0.input["Key"] }
        #expect(keys.last == output["ResultWriterDetails"]?["Key"])
        #expect(keys.map { $0?.stringValue?.split(separator: "/").last } == ["SUCCEEDED_0.json", "manifest.json"])
    }

    @Test func `a child tells the Map state that it belongs to`() async throws {
        let runs = try Bench()
        let execution = try await runs.start(
            #""Label":"L","ItemBatcher":{"MaxItemsPerBatch":2},"#,
            #""Type":"Pass""#,
            input: "[1,2,3]"
        )
        _ = try await runs.end(execution)
        let run = try #require(try await runs.mapRun(execution)["mapRunArn"])
        let children = try await runs.call("ListExecutions", ["mapRunArn": run])["executions"]
        #expect(children?.arrayValue?.map { $0["itemCount"] } == [2, 1])
        let child = try #require(children?[0]?["executionArn"])
        let described = try await runs.call("DescribeStateMachineForExecution", ["executionArn": child])
        #expect(described["mapRunArn"] == run)
        #expect(described["label"] == "L")
        #expect(described["stateMachineArn"] == "arn:aws:states:us-east-1:000000000000:stateMachine:m/L")
        #expect(described["definition"]?.stringValue?.contains(#""StartAt":"S""#) == true)
        #expect(described["definition"]?.stringValue?.contains("ItemBatcher") == false)
    }

    @Test(
        "Items of several objects are taken together",
        arguments: [
            (
                "listObjectsV2",
                #""InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","Transformation":"LOAD_AND_FLATTEN""#,
                #"[{"a":"1"},{"a":"2"},{"a":"1"}]"#
            ),
            (
                "getObject",
                #""InputType":"CSV","ManifestType":"ATHENA_DATA","CSVHeaderLocation":"GIVEN","CSVHeaders":["b"]"#,
                #"[{"b":"a"},{"b":"1"},{"b":"2"}]"#
            ),
        ]
    )
    func flattened(_ action: String, _ configuration: String, _ expected: String) async throws {
        let aws = RecordingCaller()
        aws.answer("s3:ListObjectsV2", with: ["Contents": [["Key": "x/"], ["Key": "x/1.csv"], ["Key": "x/2.csv"]]])
        aws.answer("s3:GetObject") { request throws(AWSError) in
            let isManifest = request.input["Key"] == "k"
            return AWSResponse([:], body: Body(isManifest ? "s3://c/x/1.csv\n\"s3://c/x/2.csv\"\n" : "a\n1\n2\n"))
        }
        let runs = try Bench(aws: aws)
        let execution = try await runs.start(
            #"""
            "ItemReader":{"Resource":"arn:aws:states:::s3:\#(action)","ReaderConfig":{"MaxItems":3,\#(configuration)},
            "Parameters":{"Bucket":"b","Key":"k"}},
            """#,
            #""Type":"Pass""#,
            input: "{}"
        )
        #expect(try await runs.end(execution)["output"]?.stringValue == expected)
    }

    @Test func `a redrive goes on with the children that failed, under the same name`() async throws {
        let aws = RecordingCaller()
        aws.answer("lambda:Invoke") { request throws(AWSError) in
            guard let body = try? await request.body?.collect(upTo: 100), String(buffer: body) != "2" else {
                throw AWSError("ServiceException", "broken", status: 500)
            }
            return AWSResponse(["StatusCode": 200], body: Body(String(buffer: body)))
        }
        let runs = try Bench(aws: aws)
        let execution = try await runs.start("", #""Type":"Task","Resource":"\#(function)""#, input: "[1,2]")
        #expect(try await runs.end(execution)["status"] == "FAILED")
        let failed = try await runs.mapRun(execution)
        let children = try await runs.call("ListExecutions", ["mapRunArn": failed["mapRunArn"] ?? ""])["executions"]
        let broken = children?.arrayValue?.first { $0["status"] == "FAILED" }
        let child = try await runs.call("DescribeExecution", ["executionArn": try #require(broken?["executionArn"])])
        #expect(child["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN")
        aws.answer("lambda:Invoke") { _ throws(AWSError) in AWSResponse(["StatusCode": 200], body: Body("20")) }
        try await runs.call("RedriveExecution", ["executionArn": execution])
        #expect(try await runs.end(execution)["output"] == "[1,20]")
        let again = try await runs.mapRun(execution)
        #expect(again["mapRunArn"] == failed["mapRunArn"])
        #expect(again["status"] == "SUCCEEDED")
        #expect(again["redriveCount"] == 1)
    }

    @Test func `a redrive begins failed Express children anew and keeps the results of the others`() async throws {
        let aws = RecordingCaller()
        func answer(isMended: Bool) {
            aws.answer("lambda:Invoke") { request throws(AWSError) in
                guard let body = try? await request.body?.collect(upTo: 100), isMended || String(buffer: body) != "2"
                else { throw AWSError("ServiceException", "broken", status: 500) }
                return AWSResponse(["StatusCode": 200], body: Body(String(buffer: body) + "0"))
            }
        }
        answer(isMended: false)
        let runs = try Bench(aws: aws)
        let state = #""Type":"Task","Resource":"\#(function)""#
        let execution = try await runs.start(
            #""MaxConcurrency":1,"#,
            state,
            input: "[1,2,3]",
            children: "EXPRESS"
        )
        #expect(try await runs.end(execution)["status"] == "FAILED")
        #expect(aws.requests(of: "lambda:Invoke").count == 2)
        let again = try await runs.restarted()
        answer(isMended: true)
        try await again.call("RedriveExecution", ["executionArn": execution])
        #expect(try await again.end(execution)["output"] == "[10,20,30]")
        #expect(aws.requests(of: "lambda:Invoke").count == 4)
        let run = try await again.mapRun(execution)
        #expect(run["executionCounts"]?["succeeded"] == 3)
        #expect(run["redriveCount"] == 1)
    }

    @Test func `a restart goes on with the children begun and those to begin`() async throws {
        let runs = try Bench()
        let state = #""Type":"Wait","Seconds":10"#
        let execution = try await runs.start(#""MaxConcurrency":2,"#, state, input: "[1,2,3]")
        _ = try await runs.mapRun(execution)
        await runs.clock.sleepers()
        let again = try await runs.restarted()
        while try await again.status(execution) == "RUNNING" {
            again.clock.advance(by: .seconds(11))
            await Task.yield()
        }
        let ended = try await again.end(execution)
        #expect(ended["output"] == "[1,2,3]", "\(ended)")
        #expect(try await again.mapRun(execution)["executionCounts"]?["total"] == 3)
    }
}
