import JSON

extension RowScorer {
    /// Reads `{"instances": [INSTANCE, …]}`, or one instance alone.
    ///
    /// An instance is `{"features": ELEMENT}` or `{"data": {"features": ELEMENT}}`; an element is an array of numbers or
    /// `{"values": […], "keys": […], "shape": […]}`, dense where there are no keys.
    mutating func addJSON(_ bytes: UnsafeBufferPointer<UInt8>) throws(InferenceError) {
        let document = try Self.parse(bytes, "The request")
        guard let instances = document["instances"] else {
            return try addInstance(document, "The request")
        }
        guard let instances = instances.arrayValue else { throw .unreadable("'instances' is not an array") }
        for (index, instance) in instances.enumerated() { try addInstance(instance, "instances[\(index)]") }
    }

    /// Reads one instance a line.
    mutating func addJSONLines(_ bytes: UnsafeBufferPointer<UInt8>) throws(InferenceError) {
        var (line, start) = (0, 0)
        while start < bytes.count {
            line += 1
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let text = UnsafeBufferPointer(rebasing: bytes[start..<end])
            start = end + 1
            if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            try addInstance(Self.parse(text, "Line \(line)"), "line \(line)")
        }
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ place: String) throws(InferenceError) -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw .unreadable("\(place) is not JSON: \(error)") }
    }

    private mutating func addInstance(_ instance: JSON, _ place: String) throws(InferenceError) {
        guard let element = (instance["data"] ?? instance)["features"] else {
            throw .unreadable(
                "\(place) has no features: write {\"features\": [...]} or "
                    + "{\"data\": {\"features\": {\"values\": [...]}}}"
            )
        }
        guard element.arrayValue == nil else {
            return try addDense(Self.numbers(element, place), place)
        }
        let values = try Self.numbers(element["values"], place)
        let keys = try Self.integers(element["keys"], place)
        let shape = try Self.integers(element["shape"], place)
        guard !keys.isEmpty || values.isEmpty && !shape.isEmpty else { return try addDense(values, place) }
        try addSparse(keys, values, shape, place)
    }

    mutating func addDense(_ values: [Float], _ place: String) throws(InferenceError) {
        guard values.count == featureCount else { throw .wrongWidth(values.count, featureCount, place) }
        values.withUnsafeBufferPointer { add($0) }
    }

    mutating func addSparse(
        _ keys: [Int],
        _ values: [Float],
        _ shape: [Int],
        _ place: String
    ) throws(InferenceError) {
        guard keys.count == values.count else {
            throw .unreadable("\(place) has \(keys.count) keys and \(values.count) values")
        }
        if let width = shape.last, width != featureCount { throw .wrongWidth(width, featureCount, place) }
        guard add(keys: keys, values: values) else {
            throw .wrongWidth((keys.max() ?? 0) + 1, featureCount, place)
        }
    }

    private static func numbers(_ json: JSON?, _ place: String) throws(InferenceError) -> [Float] {
        guard let elements = json?.arrayValue else { throw .unreadable("\(place) has no array of values") }
        var numbers: [Float] = []
        numbers.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.doubleValue else {
                throw .unreadable("\(place) has the feature \(element), which is not a number")
            }
            numbers.append(Float(number))
        }
        return numbers
    }

    private static func integers(_ json: JSON?, _ place: String) throws(InferenceError) -> [Int] {
        guard let json, !json.isNull else { return [] }
        guard let elements = json.arrayValue else {
            throw .unreadable("\(place) has keys or a shape that are no array")
        }
        var integers: [Int] = []
        for element in elements {
            guard let integer = element.intValue else {
                throw .unreadable("\(place) has the key \(element), which is not an integer")
            }
            integers.append(integer)
        }
        return integers
    }
}
