import JSON

/// The parts of a service model, as read from its text.
struct ServiceFacts {
    var signingName: String
    var serviceID: String
    var endpointPrefix: String
    var targetPrefix: String?
    var apiVersion: String
    var wireProtocol: WireProtocol
    var namespace: String?
    var isQueryCompatible: Bool
    var operations: [String: OperationModel]
    var unserved: Set<String>
    var errors: [String: ErrorModel]
    var bindings: [RESTBinding]
}

/// Reads the texts that `Tools/models/derive.py` writes.
enum ModelReader {
    /// The model in a text that is compiled in; that each of them can be read is tested.
    static func read(_ text: StaticString) -> ServiceModel {
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        do {
            return ServiceModel(facts(try JSON(parsing: bytes)))
        } catch {
            preconditionFailure("A compiled-in service model is not JSON: \(error)")
        }
    }

    private static func facts(_ document: JSON) -> ServiceFacts {
        let signingName = document.string("signingName")
        let shapes = ShapeTable((document["shapes"]?.arrayValue ?? []).map(Shape.init))
        let namespace = document["xmlNamespace"]?.stringValue
        var facts = ServiceFacts(
            signingName: signingName,
            serviceID: document.string("serviceID"),
            endpointPrefix: document.string("endpointPrefix"),
            targetPrefix: document["targetPrefix"]?.stringValue,
            apiVersion: document.string("apiVersion"),
            wireProtocol: wireProtocol(document),
            namespace: namespace,
            isQueryCompatible: document["isQueryCompatible"]?.boolValue ?? false,
            operations: [:],
            unserved: [],
            errors: [:],
            bindings: []
        )
        for (name, value) in document["operations"]?.objectValue ?? [:] {
            let binding = binding(name, value, isServed: true)
            if let binding { facts.bindings.append(binding) }
            facts.operations[name] = OperationModel(
                operation: Operation(signingName, name),
                binding: binding,
                status: value["status"]?.intValue ?? 200,
                shapes: shapes,
                input: value["input"]?.intValue,
                output: value["output"]?.intValue,
                outputRoot: value["root"]?.stringValue,
                resultWrapper: value["resultWrapper"]?.stringValue,
                namespace: namespace
            )
        }
        for (name, value) in document["unserved"]?.objectValue ?? [:] {
            facts.unserved.insert(name)
            if let binding = binding(name, value, isServed: false) { facts.bindings.append(binding) }
        }
        for (code, value) in document["errors"]?.objectValue ?? [:] {
            facts.errors[code] = ErrorModel(
                code: code,
                status: value[0]?.intValue ?? 400,
                messageMember: value[1]?.stringValue ?? "message",
                hasType: value[2]?.boolValue ?? false,
                shapeName: value[3]?.stringValue ?? code
            )
        }
        return facts
    }

    private static func wireProtocol(_ document: JSON) -> WireProtocol {
        let name = document.string("protocol")
        guard name == "json" else { return WireProtocol(rawValue: name) ?? .restJSON }
        return document["jsonVersion"]?.stringValue == "1.0" ? .awsJSON10 : .awsJSON11
    }

    private static func binding(_ name: String, _ facts: JSON, isServed: Bool) -> RESTBinding? {
        guard let method = facts["method"]?.stringValue, let uri = facts["uri"]?.stringValue else { return nil }
        return RESTBinding(
            operation: name,
            isServed: isServed,
            method: method,
            uri: uri,
            requiredQuery: facts.strings("query"),
            requiredHeaders: facts.strings("header")
        )
    }
}

extension JSON {
    fileprivate func string(_ key: String) -> String { self[key]?.stringValue ?? "" }
}
