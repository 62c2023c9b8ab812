import JSON

/// What a service answers to input that violates its model.
struct ValidationErrors {
    let operation: Operation
    let input: Shape

    func error(_ problems: [Validation.Problem]) -> AWSError {
        switch operation.service {
        case "s3": return s3(problems)
        case "ecr":
            let texts = problems.map { problem in
                let isEnumeration = problem.constraint.hasPrefix("Member must satisfy enum")
                let constraint =
                    isEnumeration
                    ? problem.constraint : problem.constraint.replacingPrefix("Member must", with: "must")
                return "Invalid parameter at '\(problem.place)' failed to satisfy constraint: '\(constraint)'"
            }
            return AWSError("InvalidParameterException", texts.joined(separator: "; "))
        case "logs": return coded("InvalidParameterException", problems)
        case "iam", "sts", "cloudformation", "monitoring": return coded("ValidationError", problems)
        default: return .validation(problems.map(\.text))
        }
    }

    private func coded(_ code: String, _ problems: [Validation.Problem]) -> AWSError {
        var error = AWSError.validation(problems.map(\.text))
        error.code = code
        return error
    }

    /// S3 has a code for each kind of mistake and does not count them.
    private func s3(_ problems: [Validation.Problem]) -> AWSError {
        guard let problem = problems.first, let member = input.member(problem.member) else { return .malformedXML }
        switch (member.name, member.location) {
        case ("StorageClass", _):
            return AWSError("InvalidStorageClass", "The storage class you specified is not valid")
        case ("CreateBucketConfiguration", _) where problem.place.hasSuffix("locationConstraint"):
            return AWSError("InvalidLocationConstraint", "The specified location-constraint is not valid")
        case (_, .document):
            guard problem.value == "null", problem.place.utf8.count == member.name.utf8.count else {
                return .malformedXML
            }
            return AWSError("MissingRequestBodyError", "Request body is empty.")
        default:
            return AWSError(
                "InvalidArgument",
                problem.text,
                fields: ["ArgumentName": .string(member.wireName)]
            )
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, with replacement: String) -> String {
        hasPrefix(prefix) ? replacement + dropFirst(prefix.count) : self
    }
}
