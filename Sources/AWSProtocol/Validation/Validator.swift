public import JSON

/// Checks a call's input against AWS's model, in AWS's words.
public enum Validator {
    /// - Throws: `ValidationException` with every violation where a constraint does not hold; `SerializationException`
    ///   where a value is of another type; `NotImplemented` for operations that are not served.
    public static func validate(_ request: AWSRequest) throws(AWSError) {
        guard let service = ServiceModels.model(signingName: request.operation.service) else {
            throw .notServed(request.operation)
        }
        try service.servedOperation(request.operation.name).validate(request.input, hasBody: request.body != nil)
    }
}

extension OperationModel {
    /// Checks an input against the model. Null members count as not given; members that the model does not know are
    /// passed over.
    /// - Throws: as `Validator.validate`.
    public func validate(_ input: JSON.Object, hasBody: Bool = false) throws(AWSError) {
        guard let place = self.input else { return }
        var validation = Validation(shapes: shapes)
        try validation.check(input, shapes[place], hasBody: hasBody)
        guard !validation.problems.isEmpty else { return }
        throw ValidationErrors(operation: operation, input: shapes[place]).error(validation.problems)
    }
}
