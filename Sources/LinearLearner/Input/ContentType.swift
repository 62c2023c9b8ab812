/// How the files of a channel are written.
enum ContentType: Sendable {
    case csv
    case recordIO

    /// - Throws: `AlgorithmError` of kind `client` where the type is not one that linear-learner reads.
    init(_ channel: TrainingChannel, channelName: String) throws(AlgorithmError) {
        let text = channel.contentType ?? "text/csv"
        let parts = text.split(separator: ";").map { $0.filter { $0 != " " } }
        for parameter in parts.dropFirst() where parameter.lowercased().hasPrefix("label_size=") {
            guard parameter.dropFirst(11) == "1" else {
                throw .client(
                    "Unable to read data channel '\(channelName)'. The content type '\(text)' says that lines "
                        + "have no single "
                        + "label, but linear-learner trains on one label, in the first column: use "
                        + "text/csv;label_size=1"
                )
            }
        }
        switch parts.first?.lowercased() {
        case "text/csv": self = .csv
        case "application/x-recordio-protobuf": self = .recordIO
        default:
            throw .client(
                "No iterator has been registered for ContentType ('\(text)', '1.0'): the channel "
                    + "'\(channelName)' must be "
                    + "text/csv or application/x-recordio-protobuf"
            )
        }
    }
}
