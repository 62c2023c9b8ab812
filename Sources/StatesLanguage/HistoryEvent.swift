import JSON

/// An event of an execution's history, as `GetExecutionHistory` shows it.
public struct HistoryEvent: Sendable {
    /// Counted from 1.
    public var id: Int
    public var previousEventID: Int
    /// Milliseconds since 1970.
    public var timestamp: Int
    /// `PassStateEntered`, `LambdaFunctionScheduled`, …
    public var type: String
    var details: Details

    /// The details that make up most of a history are kept as they are; the rest is a tree.
    enum Details: Sendable {
        case none
        case entered(name: String, input: String)
        case exited(name: String, output: String, assigned: [(name: String, text: String)])
        /// The member's name; the Map's name, and the iteration's number.
        case iteration(String, name: String, index: Int)
        /// The member's name, and its value.
        case other(String, JSON.Object)
    }

    /// Appends the event's JSON text in the API's form.
    public func write(to output: inout [UInt8]) {
        output.append(contentsOf: "{\"timestamp\":".utf8)
        output.append(decimal: timestamp / 1000)
        output.append(UInt8(ascii: "."))
        output.append(decimal: timestamp % 1000, digits: 3)
        output.append(contentsOf: ",\"type\":\"".utf8)
        output.append(contentsOf: type.utf8)
        output.append(contentsOf: "\",\"id\":".utf8)
        output.append(decimal: id)
        output.append(contentsOf: ",\"previousEventId\":".utf8)
        output.append(decimal: previousEventID)
        details.write(to: &output)
        output.append(UInt8(ascii: "}"))
    }

    /// The events as one JSON array.
    public static func serialized(_ events: [HistoryEvent]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(events.count * 220 + 2)
        output.append(UInt8(ascii: "["))
        for (index, event) in events.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            event.write(to: &output)
        }
        output.append(UInt8(ascii: "]"))
        return String(decoding: output, as: UTF8.self)
    }
}

extension HistoryEvent.Details {
    fileprivate func write(to output: inout [UInt8]) {
        switch self {
        case .none: break
        case .entered(let name, let input):
            output.append(contentsOf: ",\"stateEnteredEventDetails\":{\"name\":".utf8)
            output.append(quoted: name)
            output.append(contentsOf: ",\"input\":".utf8)
            output.append(quoted: input)
            output.append(contentsOf: ",\"inputDetails\":{\"truncated\":false}}".utf8)
        case .exited(let name, let text, let assigned):
            output.append(contentsOf: ",\"stateExitedEventDetails\":{\"name\":".utf8)
            output.append(quoted: name)
            output.append(contentsOf: ",\"output\":".utf8)
            output.append(quoted: text)
            output.append(contentsOf: ",\"outputDetails\":{\"truncated\":false}".utf8)
            if !assigned.isEmpty { write(assigned, to: &output) }
            output.append(UInt8(ascii: "}"))
        case .iteration(let member, let name, let index):
            output.append(contentsOf: ",\"\(member)\":".utf8)
            output.append(contentsOf: Self.iterationText(name, index).utf8)
        case .other(let name, let members):
            output.append(contentsOf: ",\"\(name)\":".utf8)
            output.append(contentsOf: JSON.object(members).serializedBytes())
        }
    }

    /// The details of a Map's iteration as JSON.
    static func iterationText(_ name: String, _ index: Int) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(32 + name.utf8.count)
        text.append(contentsOf: "{\"name\":".utf8)
        text.append(quoted: name)
        text.append(contentsOf: ",\"index\":".utf8)
        text.append(decimal: index)
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }

    private func write(_ assigned: [(name: String, text: String)], to output: inout [UInt8]) {
        output.append(contentsOf: ",\"assignedVariables\":{".utf8)
        for (index, variable) in assigned.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(quoted: variable.name)
            output.append(UInt8(ascii: ":"))
            output.append(quoted: variable.text)
        }
        output.append(contentsOf: "},\"assignedVariablesDetails\":{\"truncated\":false}".utf8)
    }
}

extension [UInt8] {
    /// Appends a number that is not negative, without a text of its own.
    fileprivate mutating func append(decimal number: Int, digits: Int = 1) {
        let start = count
        var rest = number
        while rest > 0 || count - start < digits {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }

    /// Appends a text as a JSON string.
    fileprivate mutating func append(quoted text: String) {
        append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { bytes in bytes.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C } }
        if isPlain {
            append(contentsOf: text.utf8)
        } else {
            append(escaping: text)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping text: String) {
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            for index in 0..<bytes.count where bytes[index] < 0x20 || bytes[index] == 0x22 || bytes[index] == 0x5C {
                append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
                start = index + 1
                switch bytes[index] {
                case 0x22, 0x5C: append(contentsOf: [0x5C, bytes[index]])
                case 0x0A: append(contentsOf: [0x5C, UInt8(ascii: "n")])
                case let control:
                    let digits = Array("0123456789abcdef".utf8)
                    append(contentsOf: "\\u00".utf8)
                    append(contentsOf: [digits[Int(control >> 4)], digits[Int(control & 15)]])
                }
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
        }
    }
}
