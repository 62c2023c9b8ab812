@testable import AWSProtocol
import JSON
import Testing

@Suite struct ValidatorTests {
    struct Violation: Sendable, CustomTestStringConvertible {
        var operation: Operation
        var input: JSON.Object
        var code: String
        var message: String

        var testDescription: String { "\(operation) \(message)" }
    }

    private static let one = "1 validation error detected: "

    static let violations = [
        Violation(
            operation: "states:StartExecution",
            input: ["stateMachineArn": ""],
            code: "ValidationException",
            message: one
                + "Value '' at 'stateMachineArn' failed to satisfy constraint: Member must have length greater than or "
                + "equal to 1"
        ),
        Violation(
            operation: "states:StartExecution",
            input: [:],
            code: "ValidationException",
            message: one + "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null"
        ),
        Violation(
            operation: "states:StartExecution",
            input: ["stateMachineArn": 3],
            code: "SerializationException",
            message: "NUMBER_VALUE can not be converted to a String"
        ),
        Violation(
            operation: "sagemaker:DescribeModel",
            input: ["ModelName": "-a"],
            code: "ValidationException",
            message: one
                + "Value '-a' at 'modelName' failed to satisfy constraint: Member must satisfy regular expression "
                + "pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"
        ),
        Violation(
            operation: "sagemaker:AddTags",
            input: ["ResourceArn": "arn:aws:sagemaker:eu-west-1:000000000000:model/m", "Tags": [["Key": "k"]]],
            code: "ValidationException",
            message: one + "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"
        ),
        Violation(
            operation: "lambda:Invoke",
            input: ["FunctionName": "f", "InvocationType": "Later"],
            code: "ValidationException",
            message: one
                + "Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: "
                + "[Event, RequestResponse, DryRun]"
        ),
        Violation(
            operation: "sts:AssumeRole",
            input: ["RoleArn": "arn:aws:iam::000000000000:role/r", "RoleSessionName": "s!", "DurationSeconds": 1],
            code: "ValidationError",
            message:
                "2 validation errors detected: Value 's!' at 'roleSessionName' failed to satisfy constraint: Member "
                + "must satisfy regular expression pattern: [\\w+=,.@-]*; Value '1' at 'durationSeconds' failed to satisfy "
                + "constraint: Member must have value greater than or equal to 900"
        ),
        Violation(
            operation: "ecr:CreateRepository",
            input: ["repositoryName": "a"],
            code: "InvalidParameterException",
            message:
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or "
                + "equal to 2'"
        ),
        Violation(
            operation: "s3:CreateBucket",
            input: ["Bucket": "b", "CreateBucketConfiguration": ["LocationConstraint": "moon"]],
            code: "InvalidLocationConstraint",
            message: "The specified location-constraint is not valid"
        ),
    ]

    @Test(arguments: violations)
    func `A violation is answered in AWS's words`(_ violation: Violation) throws {
        let request = AWSRequest(violation.operation, violation.input, caller: Caller(account: "1", region: "r"))
        let error = #expect(throws: AWSError.self) { try Validator.validate(request) }
        #expect(error?.code == violation.code)
        #expect(error?.message == violation.message)
    }

    @Test(arguments: ["s3:Nothing", "dynamodb:GetItem"] as [Operation])
    func `What is not there is not valid`(_ operation: Operation) {
        #expect(throws: AWSError.self) {
            try Validator.validate(AWSRequest(operation, caller: Caller(account: "1", region: "r")))
        }
    }

    private static let functionName =
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)"
        + "(:(\\$LATEST|[a-zA-Z0-9-_]+))?"

    @Test(arguments: [
        (functionName, "f", true), (functionName, "arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST", true),
        (functionName, "000000000000:f:1", true), (functionName, "a b", false), (functionName, "a:b:c", false),
        ("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a--b", true), ("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a-", false),
        ("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", String(repeating: "a", count: 64), false),
        ("(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "12", false), ("(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "v12", true),
        ("[0-9A-Za-z\\.\\-_]*(?<!\\.)", "a.", false), ("[0-9A-Za-z\\.\\-_]*(?<!\\.)", "a.b", true),
        ("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "ü b·", false), ("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "ü b", true),
        ("(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/a/b/", true),
        ("(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/a", false),
        ("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*", "a__b/c-d.e", true),
        ("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*", "a..b", false),
        ("(a+)+b", String(repeating: "a", count: 200), false), ("(a|aa)+b", String(repeating: "a", count: 200), false),
        (".*", "a\nb", false), ("[\\s\\S]+", "a\nb", true), ("a{2,3}", "aaaa", false),
        ("^\\d{12}$", "123456789012", true),
        ("\\A\\S[\\p{Print}]*\\z", "~ printable", true),
        ("\\A\\S[\\p{Print}]*\\z", "täglich", false),
        ("[\\p{L}\\p{M}\\p{Z}\\p{S}\\p{N}\\p{P}]*", "Größe, x² ≥ 3 €!", true),
        ("[\\p{L}\\p{M}\\p{Z}\\p{N}\\p{P}]*", "a € b", false),
    ])
    func `A pattern matches the whole text as Java would`(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Pattern(pattern).matches(text) == expected)
    }

    @Test func `Every pattern of the models is understood`() throws {
        for model in ServiceModels.all {
            for operation in model.operations.values {
                for pattern in operation.patterns { #expect(PatternProgram(pattern).isUnderstood, "\(pattern)") }
            }
        }
    }
}

extension OperationModel {
    /// The patterns that the input's shapes reach.
    fileprivate var patterns: Set<String> {
        var found: Set<String> = []
        var seen: Set<Int> = []
        var open = input.map { [$0] } ?? []
        while let place = open.popLast() {
            guard seen.insert(place).inserted else { continue }
            let shape = shapes[place]
            if let pattern = shape.pattern { found.insert(pattern.text) }
            open += (shape.members + [shape.element, shape.key, shape.value].compactMap { $0 }).map(\.shape)
        }
        return found
    }
}
