import JSON

/// An error in the form in which a protocol's clients expect it.
struct ErrorAnswer {
    private let error: AWSError
    private let head: HTTPRequestHead
    private let wireProtocol: WireProtocol
    private let service: ServiceModel?
    private let requestID: String

    init(
        _ error: AWSError,
        _ head: HTTPRequestHead,
        _ wireProtocol: WireProtocol,
        _ service: ServiceModel?,
        _ requestID: String
    ) {
        self.error = error
        self.head = head
        self.wireProtocol = wireProtocol
        self.service = service
        self.requestID = requestID
    }

    var http: HTTPAnswer {
        var answer = HTTPAnswer(status: error.status)
        answer.headers = wireProtocol.identification(of: service, requestID: requestID)
        for (name, value) in error.headers.sorted(by: { $0.key < $1.key }) { answer.headers[name] = value }
        // A HEAD's answer has no body: its status is all that the client learns.
        guard head.method != "HEAD", error.status != 304, error.status != 204 else { return answer }
        switch wireProtocol {
        case .restXML: answer.document(restXML, wireProtocol.contentType)
        case .query: answer.document(query, wireProtocol.contentType)
        case .restJSON:
            answer.headers["x-amzn-errortype"] = error.code
            answer.document(JSON.object(members).serializedBytes(), wireProtocol.contentType)
        case .awsJSON10, .awsJSON11:
            answer.headers["x-amzn-errortype"] = shapeName
            answer.headers["x-amzn-query-error"] = queryError
            answer.document(JSON.object(typedMembers).serializedBytes(), wireProtocol.contentType)
        case .rpcV2CBOR:
            var writer = CBORWriter(nil)
            writer.write(.object(typedMembers), nil)
            answer.headers["smithy-protocol"] = "rpc-v2-cbor"
            answer.headers["x-amzn-query-error"] = queryError
            answer.document(writer.bytes, wireProtocol.contentType)
        }
        return answer
    }

    /// The error's members as its shape spells them (`message` or `Message`).
    private var members: JSON.Object {
        let model = service?.errors[error.code]
        var members = JSON.Object()
        if model?.hasType ?? (service?.signingName == "lambda"), error.fields["Type"] == nil {
            members["Type"] = error.isServerFault ? "Service" : "User"
        }
        members.merge(error.fields)
        members[model?.messageMember ?? (service?.signingName == "lambda" ? "Message" : "message")] = .string(
            error.message
        )
        return members
    }

    private var typedMembers: JSON.Object {
        let typed: JSON.Object = ["__type": .string(shapeName)]
        return typed.merging(members)
    }

    private var shapeName: String { service?.errors[error.code]?.shapeName ?? error.code }

    /// The code of a service that came from the query protocol, which its SDKs still name errors by.
    private var queryError: String? {
        guard service?.isQueryCompatible ?? false else { return nil }
        return "\(error.code);\(error.isServerFault ? "Receiver" : "Sender")"
    }

    private var restXML: [UInt8] {
        var xml = XMLWriter()
        xml.open("Error")
        xml.element("Code", error.code)
        xml.element("Message", error.message)
        writeFields(to: &xml)
        xml.element("RequestId", requestID)
        xml.element("HostId", WireProtocol.hostID(requestID))
        xml.close("Error")
        return xml.bytes
    }

    private var query: [UInt8] {
        var xml = XMLWriter(declaration: false)
        xml.open("ErrorResponse", namespace: service?.namespace)
        xml.open("Error")
        xml.element("Type", error.isServerFault ? "Receiver" : "Sender")
        xml.element("Code", error.code)
        xml.element("Message", error.message)
        writeFields(to: &xml)
        xml.close("Error")
        xml.element("RequestId", requestID)
        xml.close("ErrorResponse")
        return xml.bytes
    }

    private func writeFields(to xml: inout XMLWriter) {
        for (name, value) in error.fields where !["Code", "Message"].contains(name) {
            switch value {
            case .string(let text): xml.element(name, text)
            case .integer, .double, .bool: xml.element(name, value.serialized())
            case .null, .array, .object: continue
            }
        }
    }
}
