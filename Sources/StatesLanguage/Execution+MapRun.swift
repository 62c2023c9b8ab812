import JSON

extension Execution {
    mutating func beginMapRun(
        _ branch: inout Branch,
        _ id: Int,
        _ definition: MapDefinition,
        _ distributed: DistributedMap
    ) throws(Failure) -> Progress {
        let state = branch.state
        let branchData = branch.data
        let (effective, items) = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (Document, [JSON]?) in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            return (effective, distributed.reader == nil ? try definition.items(&scope) : nil)
        }
        branch.previousEvent = emit(
            "MapStateStarted",
            previous: branch.previousEvent,
            .other("mapStateStartedEventDetails", ["length": .integer(items?.count ?? 0)])
        )
        let machine = facts.stateMachineARN
        let run = MapRunName(machine: machine, label: distributed.label, state: state.name, &random)
        var call = try evaluate(branch) { (_, scope) throws(ExpressionFailure) -> MapRunCall in
            scope.input = effective.value
            return try definition.call(distributed, items: items, stateName: state.name, run, &scope)
        }
        branch.hasStarted = true
        branch.interruption = nil
        call.id = nextEffectID()
        branch.previousEvent = emit(
            "MapRunStarted",
            previous: branch.previousEvent,
            .other("mapRunStartedEventDetails", ["mapRunArn": .string(call.mapRunARN)])
        )
        request(.runMap(call), .mapRun(branch: id))
        branch.phase = .mapping(effect: call.id)
        return .suspended
    }

    mutating func mapRunAnswered(_ branchID: Int, _ id: Int, _ outcome: Outcome) {
        guard var branch = branches[branchID], case .mapping(id) = branch.phase else { return }
        switch outcome {
        case .succeeded(let output):
            settle(id)
            let succeeded = emit("MapRunSucceeded", previous: branch.previousEvent)
            emit("MapStateSucceeded", previous: succeeded)
            if !machine.usesRecentLanguage { branch.previousEvent = succeeded }
            branch.phase = .finishing(output)
            branches[branchID] = branch
            ready.append(branchID)
        case .failed(let error, let cause):
            // A run that could not read its items never began: a redrive begins another.
            if error != StatesError.itemReaderFailed, case .runMap(let call)? = outstanding[id] {
                branch.interruption = .mapRun(call)
            }
            settle(id)
            branch.previousEvent = emit(
                "MapRunFailed",
                previous: branch.previousEvent,
                .other(
                    "mapRunFailedEventDetails",
                    .compact(["error": error.map(JSON.string), "cause": cause.map(JSON.string)])
                )
            )
            branches.removeValue(forKey: branchID)
            resume(branch, branchID, failedBy: Failure(error: error, cause: cause))
        default: break
        }
    }
}

/// What a map run is called.
private struct MapRunName {
    var arn: String

    /// - Parameter label: where the state has none, one is made of the state's name, the same for each run.
    init(machine: String, label: String?, state: String, _ random: inout SeededGenerator) {
        // The machine of a child execution is called after the Map that started it.
        let base = machine.prefix { $0 != "/" }
        var made = SeededGenerator(seed: Self.hash("\(base)\n\(state)"))
        let label = label ?? IntrinsicFunction.uuid(&made)
        arn = "\(base.replacing(":stateMachine:", with: ":mapRun:"))/\(label):\(IntrinsicFunction.uuid(&random))"
    }

    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

extension MapDefinition {
    fileprivate func call(
        _ distributed: DistributedMap,
        items: [JSON]?,
        stateName: String,
        _ run: MapRunName,
        _ scope: inout Scope
    ) throws(ExpressionFailure) -> MapRunCall {
        let count = try distributed.toleratedFailureCount?.integer(in: &scope)
        if let count, count < 0 { throw ExpressionFailure("ToleratedFailureCount cannot be negative.") }
        let percentage = try distributed.toleratedFailurePercentage?.number(in: &scope)
        if let percentage, !(0...100).contains(percentage) {
            throw ExpressionFailure("ToleratedFailurePercentage must be between 0 and 100.")
        }
        let source: ItemSource =
            if let reader = distributed.reader { .reader(try reader.evaluated(&scope)) } else { .items(items ?? []) }
        let concurrency = try concurrency(&scope)
        let batches = try distributed.batcher?.evaluated(&scope)
        let writer = try distributed.writer?.evaluated(&scope)
        return MapRunCall(
            id: 0,
            stateName: stateName,
            mapRunARN: run.arn,
            childKind: distributed.kind,
            processor: StateMachine(graph: processor),
            source: source,
            shape: ItemShape(selector: itemSelector, batches: batches, scope: scope),
            maxConcurrency: concurrency,
            toleratedFailureCount: count,
            toleratedFailurePercentage: percentage,
            writer: writer
        )
    }
}

extension DistributedMap.Reader {
    fileprivate func evaluated(_ scope: inout Scope) throws(ExpressionFailure) -> ItemReader {
        var reader = ItemReader(
            resource: resource,
            arguments: try arguments?.evaluate(in: &scope) ?? .object([:]),
            format: format,
            maxItems: try maxItems?.integer(in: &scope) ?? 0,
            itemsPointer: itemsPointer
        )
        reader.isAthenaManifest = isAthenaManifest
        reader.isFlattened = isFlattened
        return reader
    }
}

extension DistributedMap.Batcher {
    fileprivate func evaluated(_ scope: inout Scope) throws(ExpressionFailure) -> ItemShape.Batches {
        let limits = (try maxItems?.integer(in: &scope), try maxBytes?.integer(in: &scope))
        if let count = limits.0, count < 1 { throw ExpressionFailure("MaxItemsPerBatch must be positive.") }
        if let bytes = limits.1, bytes < 1 { throw ExpressionFailure("MaxInputBytesPerBatch must be positive.") }
        return ItemShape.Batches(
            maxItems: limits.0,
            maxBytes: limits.1,
            input: try input?.evaluate(in: &scope)
        )
    }
}

extension DistributedMap.Writer {
    fileprivate func evaluated(_ scope: inout Scope) throws(ExpressionFailure) -> ResultWriter {
        ResultWriter(
            destination: try arguments?.evaluate(in: &scope),
            transformation: transformation,
            isLines: isLines
        )
    }
}
