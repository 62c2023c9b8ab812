import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import StepFunctions
import Testing

extension Bench {
    /// Starts an execution of a machine of one Map state with those fields, whose processor is the state given.
    fileprivate func start(_ fields: String, _ state: String, input: String) async throws -> JSON {
        let definition = #"""
            {"StartAt":"M","States":{"M":{"Type":"Map","End":true,\#(fields)"ItemProcessor":{"ProcessorConfig":
            {"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"S","States":{"S":{\#(state),"End":true}}}}}}
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
