/// How AWS services speak: the protocols of AWS's models.
public enum WireProtocol: String, Sendable, Hashable, CaseIterable {
    case restXML = "rest-xml"
    case restJSON = "rest-json"
    case awsJSON10 = "json-1.0"
    case awsJSON11 = "json-1.1"
    case query
    case rpcV2CBOR = "smithy-rpc-v2-cbor"

    var isREST: Bool { self == .restXML || self == .restJSON }

    /// The `Content-Type` of an answer with a document.
    var contentType: String {
        switch self {
        case .restXML: "application/xml"
        case .query: "text/xml"
        case .restJSON: "application/json"
        case .awsJSON10: "application/x-amz-json-1.0"
        case .awsJSON11: "application/x-amz-json-1.1"
        case .rpcV2CBOR: "application/cbor"
        }
    }
}
