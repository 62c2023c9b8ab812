import AWSProtocol
import JSON
import Testing

@testable import SageMaker

struct LineageTests {
    /// data → job → model → endpoint, image → job, model → report
    static let graph = LineageGraph(
        [
            ("data", "job"), ("image", "job"), ("job", "model"), ("model", "endpoint"), ("model", "report"),
        ].map { Association($0, $1, "ContributedTo") }
    )

    @Test(
        arguments: [
            (["model"], .ascendants, 10, ["job", "data", "image"]),
            (["model"], .ascendants, 1, ["job"]),
            (["model"], .descendants, 10, ["endpoint", "report"]),
            (["data"], .both, 10, ["job", "model", "endpoint", "report"]),
            (["endpoint"], .both, 10, ["model", "job", "data", "image"]),
            (["alone"], .both, 10, []),
        ] as [([String], LineageGraph.Direction, Int, [String])]
    )
    func aWalkReachesWhatBelongsTogether(
        _ starts: [String],
        _ direction: LineageGraph.Direction,
        _ depth: Int,
        _ expected: [String]
    ) {
        #expect(Self.graph.walk(from: starts, direction, depth: depth).vertices == expected)
    }

    @Test func aCircleEnds() {
        let circle = LineageGraph([("a", "b"), ("b", "a")].map { Association($0, $1, nil) })
        let (vertices, edges) = circle.walk(from: ["a"], .both, depth: 10)
        #expect(vertices == ["b"])
        #expect(edges.count == 2)
    }

    @Test func entitiesAreConnectedByHand() async throws {
        let kit = try JobKit()
        let data = try await kit.call(
            "CreateArtifact",
            [
                "ArtifactName": "data", "ArtifactType": "DataSet", "Source": ["SourceUri": "s3://bucket/data"],
                "Properties": ["rows": "150"],
            ]
        )
        try await kit.call(
            "CreateAction",
            ["ActionName": "check", "ActionType": "Check", "Source": ["SourceUri": "http://example.com"]]
        )
        let source = try #require(data["ArtifactArn"])
        let destination: JSON = "arn:aws:sagemaker:us-east-1:000000000000:action/check"
        try await kit.call(
            "AddAssociation",
            ["SourceArn": source, "DestinationArn": destination, "AssociationType": "ContributedTo"]
        )
        let list = try await kit.call("ListAssociations", ["DestinationArn": destination])
        let summary = list["AssociationSummaries"]?[0]
        #expect(summary?["SourceType"] == "DataSet")
        #expect(summary?["SourceName"] == "data")
        #expect(summary?["DestinationType"] == "Check")
        let lineage = try await kit.call(
            "QueryLineage",
            ["StartArns": [destination], "Direction": "Ascendants", "Filters": ["Properties": ["rows": "150"]]]
        )
        #expect(lineage["Vertices"] == [["Arn": source, "Type": "DataSet", "LineageType": "Artifact"]])
        let found = try await kit.call("ListArtifacts", ["SourceUri": "s3://bucket/data"])
        #expect(found["ArtifactSummaries"]?[0]?["ArtifactArn"] == source)
        try await kit.call("DeleteAssociation", ["SourceArn": source, "DestinationArn": destination])
        #expect(try await kit.call("ListAssociations", [:])["AssociationSummaries"] == [])
    }

    @Test func registeringConnectsModelPackageAndGroup() async throws {
        let kit = try JobKit()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "iris"])
        try await kit.call(
            "CreateModelPackage",
            ["ModelPackageGroupName": "iris", "InferenceSpecification": ModelPackageTests.inference()]
        )
        let models = try await kit.call("ListArtifacts", ["ArtifactType": "Model"])
        let model = try #require(models["ArtifactSummaries"]?[0]?["ArtifactArn"])
        let lineage = try await kit.call("QueryLineage", ["StartArns": [model], "Direction": "Descendants"])
        let types = lineage["Vertices"]?.arrayValue?.compactMap { $0["Type"]?.stringValue }
        #expect(types == ["ModelPackage", "ModelGroup"])
    }
}
