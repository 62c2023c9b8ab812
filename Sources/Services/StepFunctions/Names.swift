import AWSProtocol
import JSON

/// The parts of a state machine's ARN, with a version's or an alias's number or name behind it.
struct StateMachineARN: Sendable {
    var account: String
    var region: String
    var name: String
    var version: Int?
    var alias: String?
    var text: String

    /// - Throws: `InvalidArn` where the text is no such ARN.
    init(_ text: String) throws(AWSError) {
        let parts = try ARN.states(text, "stateMachine")
        account = parts.arn.account
        region = parts.arn.region
        name = parts.names[0]
        if parts.names.count > 1 {
            version = Int(parts.names[1])
            if version == nil { alias = parts.names[1] }
        }
        self.text = text
    }

    /// Of the machine alone, or with a version's number or an alias's name behind it.
    var isQualified: Bool { version != nil || alias != nil }

    /// The ARN of the machine's alias.
    func alias(_ name: String) -> StateMachineARN {
        var arn = self
        arn.version = nil
        arn.alias = name
        arn.text =
            ARN(service: "states", region: region, account: account, resource: "stateMachine:\(self.name):\(name)")
            .description
        return arn
    }
}

/// The parts of an execution's ARN.
struct ExecutionARN: Sendable {
    var account: String
    var region: String
    var machine: String
    var name: String
    var text: String

    /// - Throws: `InvalidArn` where the text is no such ARN.
    init(_ text: String) throws(AWSError) {
        let parts = try ARN.states(text, "execution")
        guard parts.names.count >= 2 else { throw .invalidARN("Invalid execution ARN: \(text)") }
        account = parts.arn.account
        region = parts.arn.region
        machine = parts.names[0]
        name = parts.names[1]
        self.text = text
    }
}

extension ARN {
    /// The ARN of one of Step Functions' resources, and the names after its type.
    static func states(_ text: String, _ type: String) throws(AWSError) -> (arn: ARN, names: [String]) {
        guard text.hasPrefix("arn:") else { throw .invalidARN("Invalid ARN prefix: \(text)") }
        guard let arn = ARN(text), arn.service == "states" else { throw .invalidARN("Invalid ARN: \(text)") }
        let names = arn.resource.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let first = names.first, first == type, names.count > 1, !names[1].isEmpty else {
            throw .invalidARN("Resource type not valid in this context: \(names.first ?? "")")
        }
        return (arn, Array(names.dropFirst()))
    }
}

enum ResourceName {
    private static let forbidden = Set("<>{}[]?*\"#%\\^|~`$&,;:/".unicodeScalars)

    /// AWS's rule for the names of machines and executions: 1 to 80 characters, none of white space, brackets, wildcards,
    /// special or control characters.
    /// - Throws: `InvalidName`.
    static func check(_ name: String) throws(AWSError) {
        // Most names are of these alone, which needs no look at what Unicode says of a character.
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        if isPlain, (1...80).contains(name.utf8.count) { return }
        let isAllowed = name.unicodeScalars.allSatisfy { scalar in
            !forbidden.contains(scalar) && !scalar.properties.isWhitespace && scalar.value >= 0x20
                && !(0x7F...0x9F).contains(scalar.value)
        }
        guard isAllowed, (1...80).contains(name.count) else {
            throw AWSError("InvalidName", "Invalid Name: '\(name)'")
        }
    }
}

/// Step Functions' errors in its words.
extension AWSError {
    static func invalidARN(_ reason: String) -> AWSError { AWSError("InvalidArn", "Invalid Arn: '\(reason)'") }

    static func stateMachineDoesNotExist(_ arn: String) -> AWSError {
        AWSError("StateMachineDoesNotExist", "State Machine Does Not Exist: '\(arn)'")
    }

    static func executionDoesNotExist(_ arn: String) -> AWSError {
        AWSError("ExecutionDoesNotExist", "Execution Does Not Exist: '\(arn)'")
    }

    static func executionAlreadyExists(_ arn: String) -> AWSError {
        AWSError("ExecutionAlreadyExists", "Execution Already Exists: '\(arn)'")
    }

    static func stateMachineAlreadyExists(_ arn: String) -> AWSError {
        AWSError("StateMachineAlreadyExists", "State Machine Already Exists: '\(arn)'")
    }

    static func resourceNotFound(_ arn: String) -> AWSError {
        AWSError("ResourceNotFound", "Resource not found: '\(arn)'", fields: ["resourceName": .string(arn)])
    }

    static let stateMachineTypeNotSupported = AWSError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine"
    )
}
