import JSON

extension RoutedRequest {
    /// The HTTP answer to a call that succeeded.
    ///
    /// Answers to HEAD carry `Content-Length` as a header where the service says it; no other does.
    public func answer(_ response: AWSResponse, to request: AWSRequest) throws(AWSError) -> HTTPAnswer {
        let name = request.operation.name
        let service = ServiceModels.model(signingName: request.operation.service) ?? service
        guard let operation = operation ?? service.operation(name) else { throw .notServed(request.operation) }
        var answer = HTTPAnswer(status: response.status ?? operation.status)
        answer.headers = wireProtocol.identification(of: service, requestID: request.requestID)
        switch wireProtocol {
        case .awsJSON10, .awsJSON11:
            answer.document(JSON.object(response.output).serializedBytes(), wireProtocol.contentType)
        case .rpcV2CBOR:
            var writer = CBORWriter(operation.shapes)
            writer.write(.object(response.output), operation.output.map { operation.shapes[$0] })
            answer.headers.append("smithy-protocol", "rpc-v2-cbor")
            answer.document(writer.bytes, wireProtocol.contentType)
        case .query:
            answer.document(queryDocument(response, operation, service, request.requestID), wireProtocol.contentType)
        case .restXML, .restJSON:
            let output = HTTPOutput(operation: operation, service: service, wireProtocol: wireProtocol)
            output.write(response, isHead: head.method == "HEAD", to: &answer)
        }
        for (name, value) in response.headers { answer.headers[name] = value }
        return answer
    }

    /// The HTTP answer to a call that failed.
    public func answer(_ error: AWSError, requestID: String) -> HTTPAnswer {
        ErrorAnswer(error, head, wireProtocol, service, requestID).http
    }

    private func queryDocument(
        _ response: AWSResponse,
        _ operation: OperationModel,
        _ service: ServiceModel,
        _ requestID: String
    ) -> [UInt8] {
        var xml = XMLWriter(declaration: false)
        let name = operation.operation.name
        xml.open("\(name)Response", namespace: operation.namespace)
        if let output = operation.output {
            let wrapper = operation.resultWrapper ?? "\(name)Result"
            var writer = XMLTreeWriter(shapes: operation.shapes, text: WireText(service.signingName), xml: xml)
            writer.root(wrapper, response.output, operation.shapes[output], namespace: nil)
            xml = writer.xml
        }
        xml.open("ResponseMetadata")
        xml.element("RequestId", requestID)
        xml.close("ResponseMetadata")
        xml.close("\(name)Response")
        return xml.bytes
    }
}

extension HTTPAnswer {
    /// Sets the body, and its type where the answer has none yet.
    mutating func document(_ bytes: [UInt8], _ contentType: String) {
        body = Body(bytes)
        if !headers.contains("content-type") { headers.append("Content-Type", contentType) }
    }
}

extension WireProtocol {
    /// The headers by which AWS's support finds a request again.
    func identification(of service: ServiceModel?, requestID: String) -> HTTPHeaderList {
        guard self == .restXML, service?.signingName ?? "s3" == "s3" else { return ["x-amzn-RequestId": requestID] }
        return ["x-amz-request-id": requestID, "x-amz-id-2": Self.hostID(requestID)]
    }

    /// S3's second identifier: of no meaning to clients, and derived from the first.
    static func hostID(_ requestID: String) -> String { Base64.encode(Array("trainyard/\(requestID)".utf8)) }
}
