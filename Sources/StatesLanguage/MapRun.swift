public import JSON

/// A distributed Map's run, to be carried out: an execution of its own for each item or batch of items.
public struct MapRunCall: Sendable {
    public var id: Int
    public var stateName: String
    /// `arn:aws:states:region:account:mapRun:Machine/Label:uuid`.
    public var mapRunARN: String
    public var childKind: StateMachine.Kind
    /// What each child executes.
    public var processor: StateMachine
    public var source: ItemSource
    public var shape: ItemShape
    /// 0 stands for as many as possible.
    public var maxConcurrency: Int
    public var toleratedFailureCount: Int?
    public var toleratedFailurePercentage: Double?
    public var writer: ResultWriter?
    /// How often the run has been redriven: what did not succeed is done again.
    public var redriveCount = 0

    /// The children's machine, as ARNs name it: `Machine/Label`.
    public var childMachineName: String {
        let parts = mapRunARN.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count > 6 ? String(parts[6]) : stateName
    }
}

/// Where a map run's items come from.
public enum ItemSource: Sendable {
    case items([JSON])
    case reader(ItemReader)
}

/// What a map run does with its results.
public struct ResultWriter: Sendable {
    public enum Transformation: String, Sendable {
        /// The outputs with the executions' metadata.
        case none = "NONE"
        /// The outputs alone.
        case compact = "COMPACT"
        /// The outputs alone, arrays among them unfolded.
        case flatten = "FLATTEN"
    }

    /// `Bucket` and `Prefix`; nil where the results are the state's output only.
    public var destination: JSON?
    public var transformation: Transformation
    /// Whether files hold a value a line (`JSONL`) rather than one array.
    public var isLines: Bool
}

/// Why a map run failed before its children did, as the history tells it.
public struct MapRunFailure: Error, Sendable, Hashable {
    public var error: String
    public var cause: String

    public init(error: String, cause: String) {
        self.error = error
        self.cause = cause
    }

    static func itemReader(_ cause: String) -> MapRunFailure {
        MapRunFailure(error: StatesError.itemReaderFailed, cause: cause)
    }
}

/// A child execution's input.
public struct MapRunInput: Sendable {
    public var document: Document
    /// How many of the items it holds.
    public var itemCount: Int

    public init(document: Document, itemCount: Int) {
        self.document = document
        self.itemCount = itemCount
    }
}

/// How items become the inputs of child executions: selected one by one, then gathered into batches.
public struct ItemShape: Sendable {
    struct Batches: Sendable {
        var maxItems: Int?
        var maxBytes: Int?
        var input: JSON?
    }

    let selector: PayloadTemplate?
    let batches: Batches?
    /// What the selector sees besides the item.
    let scope: Scope

    /// - Throws: `MapRunFailure` where the selector fails.
    public func inputs(of items: [JSON]) throws(MapRunFailure) -> [MapRunInput] {
        var selected: [Document] = []
        selected.reserveCapacity(items.count)
        for (index, item) in items.enumerated() { selected.append(try select(item, index)) }
        guard let batches else { return selected.map { MapRunInput(document: $0, itemCount: 1) } }
        return batches.gather(selected)
    }

    private func select(_ item: JSON, _ index: Int) throws(MapRunFailure) -> Document {
        guard let selector else { return Document(item) }
        var scope = scope
        scope.context.mapItem = ContextObject.MapItem(index: index, value: item)
        do {
            return Document(try selector.evaluate(in: &scope))
        } catch {
            throw MapRunFailure(error: error.error, cause: error.message)
        }
    }
}

extension ItemShape.Batches {
    /// A batch ends where the next item would make it too many or too large.
    fileprivate func gather(_ items: [Document]) -> [MapRunInput] {
        let limit = min(maxBytes ?? Execution.maximumPayload, Execution.maximumPayload)
        let frame = Document(wrapped([])).text.utf8.count
        var gathered: [MapRunInput] = []
        var batch: [JSON] = []
        var size = frame
        for item in items {
            let length = item.text.utf8.count + (batch.isEmpty ? 0 : 1)
            if !batch.isEmpty, batch.count == maxItems || size + length > limit {
                gathered.append(MapRunInput(document: Document(wrapped(batch)), itemCount: batch.count))
                batch = []
                size = frame
            }
            batch.append(item.value)
            size += length
        }
        if !batch.isEmpty {
            gathered.append(MapRunInput(document: Document(wrapped(batch)), itemCount: batch.count))
        }
        return gathered
    }

    private func wrapped(_ items: [JSON]) -> JSON {
        .object(JSON.Object.compact(["BatchInput": input, "Items": .array(items)]))
    }
}
