import AWSProtocol
import JSON
import Testing

@testable import CloudFormation

/// The message of what `body` throws.
func failure(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch let error as AWSError {
        return error.message
    } catch {
        return "\(error)"
    }
}

@Suite struct TemplateTextTests {
    @Test(arguments: [
        ("a: !Ref X", #"{"a":{"Ref":"X"}}"#),
        ("a: !GetAtt B.Arn", #"{"a":{"Fn::GetAtt":["B","Arn"]}}"#),
        ("a: !GetAtt B.Endpoint.Address", #"{"a":{"Fn::GetAtt":["B","Endpoint.Address"]}}"#),
        ("a: !Sub '${B}/*'", #"{"a":{"Fn::Sub":"${B}/*"}}"#),
        ("a: !Join ['', [x, !Ref Y]]", #"{"a":{"Fn::Join":["",["x",{"Ref":"Y"}]]}}"#),
        ("a: !If [C, 1, !Ref 'AWS::NoValue']", #"{"a":{"Fn::If":["C",1,{"Ref":"AWS::NoValue"}]}}"#),
        ("a: !Not [!Condition C]", #"{"a":{"Fn::Not":[{"Condition":"C"}]}}"#),
        (
            "Version: 2012-10-17\nb: 012345678901\nc: 382416733822\nd: 0.9\ne: '1'\nf: true\ng:",
            #"{"Version":"2012-10-17","b":"012345678901","c":382416733822,"d":0.9,"e":"1","f":true,"g":null}"#
        ),
        (#"{"a": {"Ref": "X"}}"#, #"{"a":{"Ref":"X"}}"#),
    ])
    func `short forms are written out`(text: String, tree: String) throws {
        #expect(try TemplateText.parse(text) == JSON(parsing: tree))
    }

    @Test(arguments: [
        ("a: [1", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("{\"a\": 1,,}", "Template format error: JSON not well-formed. (line 1, column 9)"),
        ("a: &x 1\nb: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ("text", "Template format error: unsupported structure."),
        ("a: 1\na: 2", "Template format error: Duplicate key: a"),
    ])
    func `what is no template is refused with its place`(text: String, message: String) {
        #expect(failure { _ = try TemplateText.parse(text) } == message)
    }
}

@Suite struct TemplateTests {
    @Test(arguments: [
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Resorces: {}", "Invalid template property or properties [Resorces]"),
        (
            "Resources: {A: {Properties: {}}}",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member."
        ),
        (
            "Resources: {A: {Type: AWS::No::Such}}",
            "Template format error: Unrecognized resource types: [AWS::No::Such]"
        ),
        (
            "Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B}}}",
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"
        ),
        (
            "Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt B.Arn}}}",
            "Template error: instance of Fn::GetAtt references undefined resource B"
        ),
        (
            """
            Resources:
              A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B}}
              B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${C}-x"}}
              C: {Type: AWS::S3::Bucket, DependsOn: A}
              D: {Type: AWS::S3::Bucket, DependsOn: A}
            """, "Circular dependency between resources: [A, B, C]"
        ),
        (
            "Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::S3::Bucket}}",
            "Parameters: [P] must have values"
        ),
        (
            "Parameters: {P: {Type: Number, Default: x}}\nResources: {A: {Type: AWS::S3::Bucket}}",
            "Parameter 'P' must be a number"
        ),
        (
            "Parameters: {P: {Type: String, Default: x, AllowedValues: [a, b]}}\nResources: {A: {Type: AWS::S3::Bucket}}",
            "Parameter 'P' must be one of AllowedValues"
        ),
        (
            "Parameters: {P: {Type: String, Default: x, AllowedPattern: '[0-9]+'}}\nResources: {A: {Type: AWS::S3::Bucket}}",
            "Parameter 'P' must match pattern [0-9]+"
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: s3://b/k, Events: {E: {Type: SNS}}}}}",
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
                + "Number of errors found: 1. Resource with id [F] is invalid. Event with id [E] is invalid. Trainyard does "
                + "not expand events of type SNS: declare the permission or notification itself."
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/}}}",
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
                + "Number of errors found: 1. Resource with id [F] is invalid. 'CodeUri' is not a valid S3 Uri of the form "
                + "'s3://bucket/key' with optional versionId query parameter."
        ),
    ])
    func `a template that cannot be deployed is refused`(text: String, message: String) {
        let error = failure {
            let template = try Template(Serverless.applied(to: TemplateText.parse(text)))
            try ResourceTypes.check(template)
            let values = try template.parameterValues([:])
            _ = try DependencyGraph(Evaluation(template, parameters: values, pseudoParameters: [:]))
        }
        #expect(error == message)
    }
}

@Suite struct EvaluationTests {
    private static let template = """
        Parameters: {Name: {Type: String, Default: iris}, Sizes: {Type: CommaDelimitedList, Default: "1, 2,3"}}
        Mappings: {Learner: {us-east-1: {Account: "382416733822"}}}
        Conditions:
          IsIris: !Equals [!Ref Name, iris]
          IsOther: !Not [!Condition IsIris]
          Both: !And [!Condition IsIris, !Condition IsOther]
          Any: !Or [!Condition IsIris, !Condition IsOther]
        Resources: {Bucket: {Type: AWS::S3::Bucket}}
        """

    @Test(arguments: [
        ("!Ref Name", #""iris""#),
        ("!Ref Sizes", #"["1","2","3"]"#),
        ("!Ref AWS::Region", #""us-east-1""#),
        ("!Ref Bucket", #""b""#),
        ("!GetAtt Bucket.Arn", #""arn:aws:s3:::b""#),
        ("!Sub '${Bucket.Arn}/${Name}/${!Literal}'", #""arn:aws:s3:::b/iris/${Literal}""#),
        ("!Sub ['${x}-${Name}', {x: !Ref Bucket}]", #""b-iris""#),
        ("!Join ['.', [a, 1, !Ref Name]]", #""a.1.iris""#),
        ("!Select [1, !Ref Sizes]", #""2""#),
        ("!Split ['|', 'a|b']", #"["a","b"]"#),
        ("!FindInMap [Learner, !Ref AWS::Region, Account]", #""382416733822""#),
        ("!Base64 abc", #""YWJj""#),
        ("!If [IsIris, yes, no]", #""yes""#),
        ("!If [Both, a, !If [Any, b, c]]", #""b""#),
        ("[a, !If [IsOther, x, !Ref AWS::NoValue]]", #"["a"]"#),
        ("{a: !Ref AWS::NoValue, b: 1}", #"{"b":1}"#),
        ("!ImportValue shared", #""exported""#),
        ("!ToJsonString {a: !Ref Name}", #""{\"a\":\"iris\"}""#),
    ])
    func `intrinsic functions`(text: String, value: String) throws {
        let template = try Template(TemplateText.parse(Self.template))
        var evaluation = try Evaluation(
            template,
            parameters: template.parameterValues([:]),
            pseudoParameters: ["AWS::Region": "us-east-1"],
            exports: ["shared": "exported"]
        )
        evaluation.resources["Bucket"] = ResourceValue(reference: "b", attributes: ["Arn": "arn:aws:s3:::b"])
        let tree = try #require(try TemplateText.parse("value: \(text)")["value"])
        #expect(try evaluation.resolve(tree) == JSON(parsing: value))
    }

    @Test(arguments: [
        ("!FindInMap [Learner, eu, Account]", "Template error: Unable to get mapping for Learner::eu::Account"),
        ("!GetAtt Bucket.No", "Template error: resource Bucket does not support attribute type No in Fn::GetAtt"),
        ("!ImportValue none", "No export named none found."),
        ("!Select [7, !Ref Sizes]", "Template error: Fn::Select cannot select nonexistent value at index 7"),
    ])
    func `what cannot be evaluated is named`(text: String, message: String) throws {
        let template = try Template(TemplateText.parse(Self.template))
        var evaluation = try Evaluation(template, parameters: template.parameterValues([:]), pseudoParameters: [:])
        evaluation.resources["Bucket"] = ResourceValue(reference: "b", attributes: [:])
        let tree = try #require(try TemplateText.parse("value: \(text)")["value"])
        #expect(failure { _ = try evaluation.resolve(tree) } == message)
    }
}

@Suite struct ServerlessTests {
    @Test func `a function gets its role, its globals and its code's place`() throws {
        let text = """
            Transform: AWS::Serverless-2016-10-31
            Globals: {Function: {Timeout: 60, Environment: {Variables: {A: "1"}}}}
            Resources:
              F:
                Type: AWS::Serverless::Function
                Properties:
                  CodeUri: s3://bucket/some/key.zip
                  Handler: h.f
                  Runtime: python3.13
                  Environment: {Variables: {B: "2"}}
                  Policies:
                    - AmazonS3ReadOnlyAccess
                    - Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
                    - S3ReadPolicy: {BucketName: x}
            """
        let resources = try #require(try Serverless.applied(to: TemplateText.parse(text))["Resources"])
        let function = try #require(resources["F"]?["Properties"])
        #expect(resources["F"]?["Type"] == "AWS::Lambda::Function")
        #expect(function["Code"] == ["S3Bucket": "bucket", "S3Key": "some/key.zip"])
        #expect(function["Timeout"] == 60)
        #expect(function["Environment"] == ["Variables": ["A": "1", "B": "2"]])
        #expect(function["Role"] == ["Fn::GetAtt": ["FRole", "Arn"]])
        let role = try #require(resources["FRole"]?["Properties"])
        #expect(
            role["ManagedPolicyArns"] == [
                "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
            ]
        )
        #expect(role["Policies"]?.arrayValue?.map { $0["PolicyName"] } == ["FRolePolicy0", "FRolePolicy1"])
    }

    @Test func `a state machine takes its definition from S3 or in place`() throws {
        let text = """
            Transform: AWS::Serverless-2016-10-31
            Resources:
              M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: {Bucket: b, Key: k}, Role: arn}}
              N: {Type: AWS::Serverless::StateMachine, Properties: {Definition: {StartAt: A}, Type: EXPRESS}}
            """
        let resources = try #require(try Serverless.applied(to: TemplateText.parse(text))["Resources"])
        #expect(resources["M"]?["Properties"]?["DefinitionS3Location"] == ["Bucket": "b", "Key": "k"])
        #expect(resources["M"]?["Properties"]?["RoleArn"] == "arn")
        #expect(resources["MRole"] == nil)
        #expect(resources["N"]?["Properties"]?["Definition"] == ["StartAt": "A"])
        #expect(resources["N"]?["Properties"]?["StateMachineType"] == "EXPRESS")
        #expect(resources["NRole"]?["Type"] == "AWS::IAM::Role")
    }
}
