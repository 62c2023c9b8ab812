import JSON
import NIOCore

/// What is done to records before a model gets them, and to what it answers: filters, and joining both.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html>
struct TransformDataProcessing: Sendable, Equatable {
    private enum Format: Sendable, Equatable {
        case csv
        case jsonLines
        case json
    }

    private let inputFilter: DataFilter
    private let outputFilter: DataFilter
    private let joinsInput: Bool
    private let format: Format

    /// - Throws: `PlanError` where a filter is not valid, or the data is in a format that cannot be filtered.
    init?(_ document: JSON, contentType: String?, accept: String?) throws(PlanError) {
        inputFilter = try DataFilter(document["InputFilter"]?.stringValue ?? "$")
        outputFilter = try DataFilter(document["OutputFilter"]?.stringValue ?? "$")
        joinsInput = document["JoinSource"]?.stringValue == "Input"
        if inputFilter.isWhole, outputFilter.isWhole, !joinsInput { return nil }
        guard let format = Self.format(contentType) else {
            throw PlanError(
                "DataProcessing needs the ContentType text/csv, application/json or application/jsonlines; it is "
                    + "\(contentType ?? "not given")."
            )
        }
        self.format = format
        guard joinsInput || !outputFilter.isWhole else { return }
        guard let answer = Self.format(accept), answer == format || (answer != .csv && format != .csv) else {
            throw PlanError("JoinSource and OutputFilter need an Accept of the format that ContentType has.")
        }
    }

    private static func format(_ type: String?) -> Format? {
        switch type?.split(separator: ";").first.map({ $0.lowercased().filter { $0 != " " } }) {
        case "text/csv": .csv
        case "application/jsonlines", "application/x-jsonlines": .jsonLines
        case "application/json": .json
        default: nil
        }
    }

    /// What of a record the model gets.
    func filtered(_ record: ByteBuffer) throws(RecordSplitter.Malformed) -> ByteBuffer {
        guard !inputFilter.isWhole else { return record }
        let text = String(buffer: record)
        switch format {
        case .csv:
            let rows = text.split(whereSeparator: \.isNewline)
            var filtered: [String] = []
            for row in rows {
                guard let selected = inputFilter.select(row: CSVRow.fields(String(row))) else {
                    throw Self.problem("InputFilter", text)
                }
                filtered.append(selected.joined(separator: ","))
            }
            return ByteBuffer(string: filtered.joined(separator: "\n"))
        case .jsonLines, .json:
            guard let value = try? JSON(parsing: text), let selected = inputFilter.select(value) else {
                throw Self.problem("InputFilter", text)
            }
            return ByteBuffer(bytes: selected.serializedBytes())
        }
    }

    /// What is kept of an answer.
    /// - Parameter records: The records that were asked about, as they stand in the input.
    /// - Returns: A piece for each record where they are told apart, else one.
    func processed(_ answer: ByteBuffer, of records: [ByteBuffer]) throws(RecordSplitter.Malformed) -> [ByteBuffer] {
        let text = String(buffer: answer)
        guard joinsInput || !outputFilter.isWhole else { return [answer] }
        let answers = try answers(text, records.count)
        guard !joinsInput || answers.count == records.count else {
            throw RecordSplitter.Malformed(
                reason: "Fail to join data: mismatched line count between the input and the output"
            )
        }
        var pieces: [ByteBuffer] = []
        for (index, answer) in answers.enumerated() {
            let input = joinsInput ? String(buffer: records[index]) : nil
            pieces.append(ByteBuffer(string: try format == .csv ? joinedRow(input, answer) : joinedJSON(input, answer)))
        }
        return pieces
    }

    /// An answer's own records: lines, or the elements of `predictions`, whose list built-in algorithms answer.
    private func answers(_ text: String, _ count: Int) throws(RecordSplitter.Malformed) -> [String] {
        guard format != .csv, let value = try? JSON(parsing: text) else {
            return text.split(whereSeparator: \.isNewline).map(String.init)
        }
        if format == .jsonLines || count > 1, let list = value["predictions"]?.arrayValue, list.count == count {
            return list.map { $0.serialized() }
        }
        return [text]
    }

    private func joinedRow(_ input: String?, _ answer: String) throws(RecordSplitter.Malformed) -> String {
        let row = (input.map(CSVRow.fields) ?? []) + CSVRow.fields(answer)
        guard let selected = outputFilter.select(row: row) else { throw Self.problem("OutputFilter", answer) }
        return selected.joined(separator: ",")
    }

    private func joinedJSON(_ input: String?, _ answer: String) throws(RecordSplitter.Malformed) -> String {
        guard let output = try? JSON(parsing: answer) else { throw Self.problem("OutputFilter", answer) }
        var joined = output
        if let input {
            guard let value = try? JSON(parsing: input) else { throw Self.problem("JoinSource", input) }
            if value.objectValue != nil {
                joined = value
                joined["SageMakerOutput"] = output
            } else {
                joined = ["SageMakerInput": value, "SageMakerOutput": output]
            }
        }
        guard let selected = outputFilter.select(joined) else { throw Self.problem("OutputFilter", answer) }
        return selected.serialized()
    }

    private static func problem(_ what: String, _ record: String) -> RecordSplitter.Malformed {
        RecordSplitter.Malformed(reason: "\(what) does not fit the record \(record.prefix(200))")
    }
}

/// A line of a CSV file as its fields' own text, quotes included, so that what is not touched stays as it was.
enum CSVRow {
    static func fields(_ line: String) -> [String] {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        for character in line {
            if character == "\"" { isQuoted.toggle() }
            if character == ",", !isQuoted {
                fields.append(field)
                field = ""
            } else {
                field.append(character)
            }
        }
        return fields + [field]
    }
}
