import AWSProtocol
import JSON
import Testing

@testable import IAM

@Suite struct SimulationTests {
    private static func policy(_ statements: String) -> JSON {
        .string(#"{"Version":"2012-10-17","Statement":[\#(statements)]}"#)
    }

    private func decisions(_ answer: JSON) -> [String] {
        (answer["EvaluationResults"]?.arrayValue ?? []).map {
            "\($0["EvalActionName"]?.stringValue ?? "") \($0["EvalDecision"]?.stringValue ?? "")"
        }
    }

    @Test func `a denial beats what allows, and what nothing allows is denied`() async throws {
        let fixture = try Fixture()
        let answer = try await fixture.call(
            "SimulateCustomPolicy",
            [
                "PolicyInputList": [
                    Self.policy(
                        """
                        {"Effect": "Allow", "Action": ["s3:Get*", "s3:put?bject"], "Resource": "arn:aws:s3:::data/*"},
                        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
                        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/secret"}
                        """
                    )
                ],
                "ActionNames": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:SendMessage"],
                "ResourceArns": ["arn:aws:s3:::data/a", "arn:aws:s3:::data/secret"],
            ]
        )
        #expect(
            decisions(answer) == [
                "s3:GetObject allowed", "s3:GetObject explicitDeny", "s3:PutObject allowed", "s3:PutObject allowed",
                "s3:DeleteObject implicitDeny", "s3:DeleteObject implicitDeny", "sqs:SendMessage explicitDeny",
                "sqs:SendMessage explicitDeny",
            ]
        )
        #expect(answer["EvaluationResults"]?[0]?["MatchedStatements"]?[0]?["SourcePolicyId"] == "PolicyInputList.1")
    }

    @Test func `conditions hold where the context has what they ask for`() async throws {
        let fixture = try Fixture()
        let policy = Self.policy(
            """
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
             "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
            """
        )
        var input: JSON.Object = ["PolicyInputList": [policy], "ActionNames": ["iam:PassRole"]]
        let without = try await fixture.call("SimulateCustomPolicy", input)
        #expect(decisions(without) == ["iam:PassRole implicitDeny"])
        #expect(without["EvaluationResults"]?[0]?["MissingContextValues"] == ["iam:passedtoservice"])
        input["ContextEntries"] = [
            [
                "ContextKeyName": "iam:PassedToService", "ContextKeyType": "string",
                "ContextKeyValues": ["sagemaker.amazonaws.com"],
            ]
        ]
        #expect(decisions(try await fixture.call("SimulateCustomPolicy", input)) == ["iam:PassRole allowed"])
    }

    @Test func `a role is allowed what its inline, attached and AWS's policies allow, within its boundary`()
        async throws
    {
        let fixture = try Fixture()
        try await fixture.call("CreateRole", ["RoleName": "role", "AssumeRolePolicyDocument": .string(Fixture.trust)])
        let source: JSON = "arn:aws:iam::000000000000:role/role"
        let actions: JSON = ["ecr:GetAuthorizationToken", "s3:PutObject", "sqs:SendMessage"]
        let input: JSON.Object = ["PolicySourceArn": source, "ActionNames": actions]
        #expect(
            decisions(try await fixture.call("SimulatePrincipalPolicy", input)).allSatisfy {
                $0.hasSuffix("implicitDeny")
            }
        )
        try await fixture.call(
            "AttachRolePolicy",
            ["RoleName": "role", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]
        )
        try await fixture.call(
            "PutRolePolicy",
            ["RoleName": "role", "PolicyName": "s3", "PolicyDocument": .string(Fixture.policy)]
        )
        let allowed = ["ecr:GetAuthorizationToken allowed", "s3:PutObject allowed", "sqs:SendMessage implicitDeny"]
        #expect(decisions(try await fixture.call("SimulatePrincipalPolicy", input)) == allowed)
        var bounded = input
        bounded["PermissionsBoundaryPolicyInputList"] = [.string(Fixture.policy)]
        let answer = try await fixture.call("SimulatePrincipalPolicy", bounded)
        #expect(decisions(answer).first == "ecr:GetAuthorizationToken implicitDeny")
        #expect(
            answer["EvaluationResults"]?[0]?["PermissionsBoundaryDecisionDetail"]?["AllowedByPermissionsBoundary"]
                == false
        )
    }

    @Test func `who is not there, or is not named, is refused in IAM's words`() async throws {
        let fixture = try Fixture()
        #expect(
            await fixture.failure(
                "SimulatePrincipalPolicy",
                ["PolicySourceArn": "arn:aws:iam::000000000000:role/none", "ActionNames": ["s3:GetObject"]]
            ) == "NoSuchEntity: The role with name none cannot be found."
        )
        #expect(
            await fixture.failure(
                "SimulatePrincipalPolicy",
                ["PolicySourceArn": "arn:aws:sts::000000000000:assumed-role/a/b", "ActionNames": ["s3:GetObject"]]
            ).hasPrefix("InvalidInput: Invalid Entity Arn")
        )
    }

    @Test(
        arguments: [
            ("abc", "a*c", true), ("abc", "a?c", true), ("ac", "a?c", false), ("aXbXc", "a*b*c", true),
            ("abcd", "a*c", false), ("", "*", true), ("abab", "*ab", true), ("abc", "abc*", true),
        ]
    )
    func `patterns match`(_ text: String, _ pattern: String, _ expected: Bool) {
        #expect(Wildcard.matches(pattern, text) == expected)
    }
}
