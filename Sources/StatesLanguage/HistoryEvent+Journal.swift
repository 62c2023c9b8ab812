import JSON

/// Events as a journal keeps them: a text that occurs again, as names and data do at every step, is written once.
///
/// For each event: its type, milliseconds since the event before, how far back the event lies that it follows, and its
/// details. Numbers are written seven bits a byte, the lowest first. Where a state hands the last data on at once, in events
/// of the types that states had last, `passed` and the state's name stand for its two events.
extension HistoryEvent {
    /// The events, whose ids follow each other, in the journal's form.
    public static func journal(_ events: [HistoryEvent]) -> [UInt8] {
        var writer = JournalWriter(events: events.count)
        var index = 0
        while index < events.count {
            if index + 1 < events.count, writer.writePassed(events[index], events[index + 1]) {
                index += 2
            } else {
                writer.write(events[index])
                index += 1
            }
        }
        return writer.bytes
    }

    /// Reads what `journal` wrote.
    /// - Parameter first: the id of the first event.
    /// - Throws: `JournalError` where the bytes are no journal.
    public static func events(journal bytes: [UInt8], first: Int) throws(JournalError) -> [HistoryEvent] {
        var reader = JournalReader(bytes)
        var events: [HistoryEvent] = []
        while !reader.isAtEnd { try reader.read(into: &events, first: first) }
        return events
    }
}

/// Bytes that are no journal.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where they stop making sense.
    public var offset: Int

    public var description: String { "The journal of an execution is damaged at byte \(offset)." }
}

/// What stands in an event's type's place for a state's two events.
private let passed = -1

private struct JournalWriter {
    /// A text that was written, and its place among those written.
    private struct Written {
        var text = ""
        var place = 0

        func isOf(_ text: String) -> Bool { place > 0 && self.text == text }
    }

    var bytes: [UInt8] = []
    private var places: [String: Int] = [:]
    private var count = 0
    // States are entered and left in turn, under one name and with the same data more often than not: what was written
    // last is found without hashing it.
    private var types: [Written] = []
    private var name = Written()
    private var data = Written()
    private var entered = ""
    private var exited = ""
    private var time = 0

    /// - Parameter events: how many there will be.
    init(events: Int) {
        bytes.reserveCapacity(64 + 16 * events)
        places.reserveCapacity(8 + events / 2)
    }

    mutating func write(_ event: HistoryEvent) {
        write(type: event.type)
        write(number: event.timestamp - time)
        write(number: event.id - event.previousEventID)
        write(event.details)
        time = event.timestamp
        switch event.details {
        case .entered: entered = event.type
        case .exited: exited = event.type
        default: break
        }
    }

    /// Writes the two events of a state that hands the last data on; answers false, and does nothing, where they are none.
    mutating func writePassed(_ first: HistoryEvent, _ second: HistoryEvent) -> Bool {
        guard case .entered(let name, let input) = first.details,
            case .exited(let same, let output, let assigned) = second.details,
            first.timestamp == time, second.timestamp == time, first.previousEventID == first.id - 1,
            second.previousEventID == first.id, assigned.isEmpty, data.isOf(input), first.type == entered,
            second.type == exited, same == name, output == input
        else { return false }
        write(number: passed)
        write(name: name)
        return true
    }

    private mutating func write(number: Int) {
        // The sign goes to the lowest bit.
        var rest = UInt(bitPattern: (number << 1) ^ (number >> (Int.bitWidth - 1)))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The place of the text among those written so far, or 0 and the text. Answers the place.
    @discardableResult
    private mutating func write(text: String) -> Int {
        if let place = places[text] {
            write(number: place)
            return place
        }
        write(unique: text)
        places[text] = count
        return count
    }

    /// A text that is not expected again.
    private mutating func write(unique text: String) {
        count += 1
        write(number: 0)
        write(number: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func write(type: String) {
        for known in types where known.isOf(type) { return write(number: known.place) }
        let place = write(text: type)
        // A loop or a Map has few; the table finds the others.
        if types.count < 6 { types.append(Written(text: type, place: place)) }
    }

    private mutating func write(name text: String) {
        if name.isOf(text) { return write(number: name.place) }
        name = Written(text: text, place: write(text: text))
    }

    private mutating func write(data text: String) {
        if data.isOf(text) { return write(number: data.place) }
        data = Written(text: text, place: write(text: text))
    }

    private mutating func write(_ details: HistoryEvent.Details) {
        switch details {
        case .none: write(number: 0)
        case .entered(let name, let input):
            write(number: 1)
            write(name: name)
            write(data: input)
        case .exited(let name, let output, let assigned):
            write(number: 2)
            write(name: name)
            write(data: output)
            write(number: assigned.count)
            for variable in assigned {
                write(text: variable.name)
                write(text: variable.text)
            }
        case .iteration(let member, let name, let index):
            write(number: 3)
            write(text: member)
            write(unique: HistoryEvent.Details.iterationText(name, index))
        case .other(let name, let members):
            write(number: 3)
            write(text: name)
            write(text: JSON.object(members).serialized())
        }
    }
}

private struct JournalReader {
    private let bytes: [UInt8]
    private var offset = 0
    private var texts: [String] = []
    private var data = ""
    private var entered = ""
    private var exited = ""
    private var time = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    private var damage: JournalError { JournalError(offset: offset) }

    /// Reads what stands next: one event, or a state's two.
    mutating func read(into events: inout [HistoryEvent], first: Int) throws(JournalError) {
        let id = first + events.count
        func add(_ type: String, after previous: Int, _ details: HistoryEvent.Details) {
            let id = first + events.count
            events.append(
                HistoryEvent(id: id, previousEventID: previous, timestamp: time, type: type, details: details)
            )
        }
        let place = try readNumber()
        guard place != passed else {
            let name = try readText()
            add(entered, after: id - 1, .entered(name: name, input: data))
            add(exited, after: id, .exited(name: name, output: data, assigned: []))
            return
        }
        let type = try readText(at: place)
        time += try readNumber()
        let previous = id - (try readNumber())
        let details = try readDetails()
        add(type, after: previous, details)
        switch details {
        case .entered(_, let input): (entered, data) = (type, input)
        case .exited(_, let output, _): (exited, data) = (type, output)
        default: break
        }
    }

    private mutating func readNumber() throws(JournalError) -> Int {
        var value: UInt = 0
        var shift: UInt = 0
        while offset < bytes.count, shift < 64 {
            let byte = bytes[offset]
            offset += 1
            value |= UInt(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { return Int(bitPattern: value >> 1) ^ -Int(bitPattern: value & 1) }
        }
        throw damage
    }

    private mutating func readText() throws(JournalError) -> String { try readText(at: try readNumber()) }

    /// - Parameter place: among the texts read so far, or 0 for one that stands next.
    private mutating func readText(at place: Int) throws(JournalError) -> String {
        guard place == 0 else {
            guard place > 0, place <= texts.count else { throw damage }
            return texts[place - 1]
        }
        let count = try readNumber()
        guard count >= 0, count <= bytes.count - offset else { throw damage }
        let text = String(decoding: bytes[offset..<offset + count], as: UTF8.self)
        offset += count
        texts.append(text)
        return text
    }

    private mutating func readDetails() throws(JournalError) -> HistoryEvent.Details {
        switch try readNumber() {
        case 0: return .none
        case 1: return .entered(name: try readText(), input: try readText())
        case 2:
            let (name, output, count) = (try readText(), try readText(), try readNumber())
            guard count >= 0, count <= bytes.count - offset else { throw damage }
            var assigned: [(name: String, text: String)] = []
            for _ in 0..<count { assigned.append((name: try readText(), text: try readText())) }
            return .exited(name: name, output: output, assigned: assigned)
        case 3:
            let name = try readText()
            guard let members = (try? JSON(parsing: try readText()))?.objectValue else { throw damage }
            return .other(name, members)
        default: throw damage
        }
    }
}
