import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

@Suite struct ListingTests {
    /// Jobs a-0 … a-4 and b-0 … b-4, a second apart; those of b have failed an hour later.
    private func kit() async throws -> JobKit {
        let clock = ManualClock()
        let kit = try JobKit(clock: clock)
        for name in ["a-0", "b-0", "a-1", "b-1", "a-2", "b-2", "a-3", "b-3", "a-4", "b-4"] {
            let job = try await kit.insert(.trainingJob(name, entrypoint: ["true"]), .training)
            if name.hasPrefix("b") {
                try await kit.service.context.journal(job) { $0.fail("x", at: $1 + .seconds(3600)) }
            }
            clock.advance(by: .seconds(1))
        }
        _ = try await kit.insert(.processingJob("c", entrypoint: ["true"]), .processing)
        return kit
    }

    private static let start = 1_700_000_000.0

    @Test(
        arguments: [
            ([:], "b-4 a-4 b-3 a-3 b-2 a-2 b-1 a-1 b-0 a-0"),
            (["SortOrder": "Ascending"], "a-0 b-0 a-1 b-1 a-2 b-2 a-3 b-3 a-4 b-4"),
            (["SortBy": "Name", "SortOrder": "Ascending"], "a-0 a-1 a-2 a-3 a-4 b-0 b-1 b-2 b-3 b-4"),
            (["StatusEquals": "Failed"], "b-4 b-3 b-2 b-1 b-0"),
            (["StatusEquals": "Completed"], ""),
            (["NameContains": "-3"], "b-3 a-3"),
            (["NameContains": "%"], ""),
            (["CreationTimeAfter": .double(start + 7)], "b-4 a-4"),
            (["CreationTimeBefore": .double(start + 2)], "b-0 a-0"),
            (["LastModifiedTimeAfter": .double(start + 3600)], "b-4 b-3 b-2 b-1 b-0"),
            (["LastModifiedTimeBefore": .double(start + 3)], "a-1 a-0"),
            (["SortBy": "Status", "SortOrder": "Descending", "NameContains": "-1"], "a-1 b-1"),
        ] as [(JSON, String)]
    )
    func `filters and orders`(request: JSON, names: String) async throws {
        let kit = try await kit()
        for size in [nil, 1, 3, 100] as [Int?] {
            var found: [String] = []
            var token: JSON?
            repeat {
                var request = request
                request["MaxResults"] = size.map { .integer($0) }
                request["NextToken"] = token
                let page = try await kit.call("ListTrainingJobs", request)
                let summaries = page["TrainingJobSummaries"]?.arrayValue ?? []
                #expect(summaries.count <= size ?? 10)
                found += summaries.compactMap { $0["TrainingJobName"]?.stringValue }
                token = page["NextToken"]
            } while token != nil
            #expect(found.joined(separator: " ") == names, "pages of \(size ?? 10)")
        }
    }

    @Test func `a summary tells the job's course`() async throws {
        let kit = try await kit()
        let page = try await kit.call("ListTrainingJobs", ["NameContains": "b-0"])
        #expect(
            page["TrainingJobSummaries"]?[0] == [
                "TrainingJobName": "b-0",
                "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/b-0",
                "CreationTime": .double(Self.start + 1), "TrainingEndTime": .double(Self.start + 3601),
                "LastModifiedTime": .double(Self.start + 3601), "TrainingJobStatus": "Failed",
                "SecondaryStatus": "Failed",
            ]
        )
        #expect(try await kit.call("ListProcessingJobs", [:])["ProcessingJobSummaries"]?.arrayValue?.count == 1)
    }
}
