// Measures JSONata expressions on one document: median CPU microseconds an evaluation, as a JSON object on stdout.
import Foundation
import JSON
import JSONata

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: jsonata-benchmark DOCUMENT CASES\n".utf8))
    exit(64)
}

func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// What this process has computed so far.
func processorMicroseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

/// The median of five rounds, each of at least a tenth of a second.
func microseconds(_ body: () throws -> Void) rethrows -> Double {
    var rounds: [Double] = []
    for _ in 0..<5 {
        var count = 0
        let start = processorMicroseconds()
        var elapsed = 0.0
        while elapsed < 100_000 {
            try body()
            count += 1
            elapsed = processorMicroseconds() - start
        }
        rounds.append(elapsed / Double(count))
    }
    return rounds.sorted()[2]
}

let bytes = try read(arguments[1])
let document = try JSON(parsing: bytes)
var figures = JSON.Object()
for (name, expression) in try JSON(parsing: read(arguments[2])).objectValue ?? [:] {
    let program = try JSONata(expression.stringValue ?? "")
    var outcome = JSONata.Outcome.undefined
    let alone = try microseconds { outcome = try program.evaluate(document) }
    let text = try microseconds {
        if case .value(let value) = try program.evaluate(try JSON(parsing: bytes)) { _ = value.serializedBytes() }
    }
    var result = JSON.null
    if case .value(let value) = outcome { result = value }
    figures[name] = ["evaluate": .double(alone), "text": .double(text), "result": result]
}
print(JSON.object(figures).serialized())
