import JSON
import JSONPath

extension DefinitionParser {
    mutating func parseMap(_ object: JSON.Object, at location: String) -> State.Kind? {
        let field = object["ItemProcessor"] == nil ? "Iterator" : "ItemProcessor"
        guard let processor = object[field]?.objectValue else {
            fail("These fields are required: [ItemProcessor]", at: location)
            return nil
        }
        let place = "\(location)/\(field)"
        var distributed: DistributedMap?
        if processor["ProcessorConfig"]?["Mode"] == "DISTRIBUTED" {
            distributed = parseDistributed(object, processor["ProcessorConfig"], at: location)
        }
        guard let graph = parseGraph(processor, at: place) else { return nil }
        let selector =
            object["ItemSelector"].map { ("ItemSelector", $0) } ?? object["Parameters"].map { ("Parameters", $0) }
        return .map(
            MapDefinition(
                processor: graph,
                itemsPath: object["ItemsPath"].flatMap { parsePath($0, at: "\(location)/ItemsPath") },
                itemsTemplate: isJSONata ? object["Items"].map { parseTemplate($0, at: "\(location)/Items") } : nil,
                isJSONata: isJSONata,
                itemSelector: selector.map { parseTemplate($1, at: "\(location)/\($0)") },
                maxConcurrency: parseNumber(object, "MaxConcurrency", 0...99_999_999, at: location),
                distributed: distributed
            )
        )
    }

    // MARK: Distributed mode

    private mutating func parseDistributed(
        _ object: JSON.Object,
        _ configuration: JSON?,
        at location: String
    ) -> DistributedMap {
        if kind == .express {
            fail("Express state machine does not support distributed Map states", at: location)
        }
        let label = object["Label"]?.stringValue
        if let label { check(label, at: "\(location)/Label") }
        let type = configuration?["ExecutionType"]?.stringValue
        if type == nil { fail("These fields are required: [ExecutionType]", at: "\(location)/ProcessorConfig") }
        return DistributedMap(
            label: label,
            kind: type.flatMap(StateMachine.Kind.init) ?? .standard,
            reader: parseReader(object["ItemReader"], at: "\(location)/ItemReader"),
            batcher: parseBatcher(object["ItemBatcher"], at: "\(location)/ItemBatcher"),
            toleratedFailureCount: parseNumber(object, "ToleratedFailureCount", 0...10_000_000, at: location),
            toleratedFailurePercentage: parseNumber(object, "ToleratedFailurePercentage", 0...100, at: location),
            writer: parseWriter(object["ResultWriter"], at: "\(location)/ResultWriter")
        )
    }

    /// Labels become part of ARNs.
    private mutating func check(_ label: String, at location: String) {
        let forbidden = Set("<>{}[]?*\":;,\\|^~$#%&`/".unicodeScalars)
        let wrong = label.unicodeScalars.first { scalar in
            forbidden.contains(scalar) || scalar.properties.isWhitespace || scalar.value < 0x20
                || (0x7F...0x9F).contains(scalar.value)
        }
        if let wrong {
            refuse("Label contains invalid character: \(InvalidDefinition.quoted(String(wrong)))", at: location)
        } else if label.count > 40 {
            refuse("Label cannot exceed 40 characters", at: location)
        }
    }

    private mutating func parseReader(_ value: JSON?, at location: String) -> DistributedMap.Reader? {
        guard let value else { return nil }
        guard case .object(let object) = value, let arn = object["Resource"]?.stringValue else {
            fail("These fields are required: [Resource]", at: location)
            return nil
        }
        guard arn.hasPrefix("arn:"), let action = arn.split(separator: ":").last,
            let resource = ItemReader.Resource(rawValue: String(action))
        else {
            fail("The resource provided \(arn) is not recognized.", at: "\(location)/Resource")
            return nil
        }
        checkFields(object, ["Resource", "Parameters", "Arguments", "ReaderConfig"], at: location)
        let configuration = object["ReaderConfig"]?.objectValue ?? [:]
        let recent = ["ItemsPointer", "Transformation", "ManifestType"]
        if recent.contains(where: { configuration[$0] != nil }) { usesRecentLanguage = true }
        let place = "\(location)/ReaderConfig"
        check(configuration["ManifestType"], isOneOf: ["ATHENA_DATA", "S3_INVENTORY"], at: "\(place)/ManifestType")
        check(configuration["Transformation"], isOneOf: ["LOAD_AND_FLATTEN", "NONE"], at: "\(place)/Transformation")
        let isFlattened = configuration["Transformation"] == "LOAD_AND_FLATTEN"
        if isFlattened, configuration["InputType"] == nil {
            fail("These fields are required: [InputType]", at: place)
        }
        return DistributedMap.Reader(
            resource: resource,
            arguments: parseArguments(object, at: location),
            format: parseFormat(configuration, at: place),
            maxItems: parseNumber(configuration, "MaxItems", 0...100_000_000, at: place),
            itemsPointer: configuration["ItemsPointer"]?.stringValue,
            isAthenaManifest: configuration["ManifestType"] == "ATHENA_DATA",
            isFlattened: isFlattened
        )
    }

    private mutating func check(_ value: JSON?, isOneOf known: [String], at location: String) {
        guard let value, !known.contains(value.stringValue ?? "") else { return }
        fail("Expected one of: [\(known.joined(separator: ", "))]", at: location)
    }

    private mutating func parseFormat(_ configuration: JSON.Object, at location: String) -> ItemReader.Format {
        switch configuration["InputType"]?.stringValue {
        case "CSV"?:
            let isGiven = configuration["CSVHeaderLocation"] == "GIVEN"
            if isGiven, configuration["CSVHeaders"] == nil {
                fail("These fields are required: [CSVHeaders]", at: location)
            }
            let delimiter = configuration["CSVDelimiter"]?.stringValue ?? "COMMA"
            if CSVFormat.delimiters[delimiter] == nil {
                fail("Expected one of: [COMMA, PIPE, SEMICOLON, SPACE, TAB]", at: "\(location)/CSVDelimiter")
            }
            return .csv(
                CSVFormat(
                    headers: isGiven ? configuration["CSVHeaders"]?.arrayValue?.compactMap(\.stringValue) : nil,
                    delimiter: CSVFormat.delimiters[delimiter] ?? UInt8(ascii: ",")
                )
            )
        case "JSONL"?: return .jsonLines
        case "MANIFEST"?: return .manifest
        case "PARQUET"?: return .parquet
        case nil where configuration["ManifestType"] == "S3_INVENTORY": return .manifest
        case "JSON"?, nil: return .json
        case let other?:
            fail("Value '\(other)' is not one of: [CSV, JSON, JSONL, MANIFEST, PARQUET]", at: "\(location)/InputType")
            return .json
        }
    }

    private mutating func parseBatcher(_ value: JSON?, at location: String) -> DistributedMap.Batcher? {
        guard let object = value?.objectValue else { return nil }
        let limits = ["MaxItemsPerBatch", "MaxInputBytesPerBatch"]
        if !limits.contains(where: { object[$0] != nil || object["\($0)Path"] != nil }) {
            fail("These fields are required: [MaxItemsPerBatch or MaxInputBytesPerBatch]", at: location)
        }
        return DistributedMap.Batcher(
            maxItems: parseNumber(object, "MaxItemsPerBatch", 1...100_000_000, at: location),
            maxBytes: parseNumber(object, "MaxInputBytesPerBatch", 1...262_144, at: location),
            input: object["BatchInput"].map { parseTemplate($0, at: "\(location)/BatchInput") }
        )
    }

    private mutating func parseWriter(_ value: JSON?, at location: String) -> DistributedMap.Writer? {
        guard let object = value?.objectValue else { return nil }
        let configuration = object["WriterConfig"]
        let isExported = object["Resource"] != nil
        let transformation = configuration?["Transformation"]?.stringValue
        return DistributedMap.Writer(
            arguments: isExported ? parseArguments(object, at: location) : nil,
            transformation: transformation.flatMap(ResultWriter.Transformation.init)
                ?? (isExported ? .none : .compact),
            isLines: configuration?["OutputType"] == "JSONL"
        )
    }

    private mutating func parseArguments(_ object: JSON.Object, at location: String) -> PayloadTemplate? {
        let field = object["Arguments"] == nil ? "Parameters" : "Arguments"
        return object[field].map { parseTemplate($0, at: "\(location)/\(field)") }
    }

    /// A number, or its counterpart that ends in `Path`.
    private mutating func parseNumber(
        _ object: JSON.Object,
        _ field: String,
        _ range: ClosedRange<Double>,
        at location: String
    ) -> NumberField? {
        if let value = object["\(field)Path"] {
            return parsePath(value, at: "\(location)/\(field)Path").map { .path($0, field: "\(field)Path") }
        }
        guard let value = object[field] else { return nil }
        if let expression = parseExpression(value, field: place(of: field, at: location), at: "\(location)/\(field)") {
            return .expression(expression)
        }
        guard let number = value.doubleValue, range.contains(number) else {
            let bounds = "\(Int(range.lowerBound)) and \(Int(range.upperBound))"
            fail("Expected a number between \(bounds)", at: "\(location)/\(field)")
            return nil
        }
        return .literal(number)
    }
}
