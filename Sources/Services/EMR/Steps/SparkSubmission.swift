/// The arguments of `spark-submit`: its own options, the application, and the application's arguments.
/// <https://spark.apache.org/docs/latest/submitting-applications.html>
struct SparkSubmission: Sendable, Hashable {
    private struct Option: Sendable, Hashable {
        var name: String
        /// nil for switches.
        var value: String?
        /// Whether name and value are one argument, `--name=value`.
        var isJoined = false

        var words: [String] {
            guard let value else { return [name] }
            return isJoined ? ["\(name)=\(value)"] : [name, value]
        }
    }

    private static let switches: Set<String> = [
        "--verbose", "-v", "--supervise", "--help", "-h", "--usage-error", "--version",
    ]
    /// Options that name files, with commas between.
    private static let fileLists: Set<String> = ["--py-files", "--files", "--jars", "--archives"]

    private var options: [Option] = []
    /// The application and what is handed to it.
    private var application: [String] = []

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                application = [word] + rest
                break
            }
            if let equals = word.firstIndex(of: "="), word.hasPrefix("--") {
                let value = String(word[word.index(after: equals)...])
                options.append(Option(name: String(word[..<equals]), value: value, isJoined: true))
            } else if Self.switches.contains(word) {
                options.append(Option(name: word))
            } else {
                options.append(Option(name: word, value: rest.popFirst()))
            }
        }
    }

    var arguments: [String] { options.flatMap(\.words) + application }

    /// What Spark is to load from S3: the application and the files beside it. What the application itself reads is its
    /// own affair.
    var objects: [String] {
        let listed = options.filter { Self.fileLists.contains($0.name) }
            .flatMap { ($0.value ?? "").split(separator: ",").map(String.init) }
        return (application.prefix(1) + listed).filter(Self.isObject)
    }

    private static func isObject(_ uri: String) -> Bool {
        ["s3://", "s3n://", "s3a://"].contains { uri.hasPrefix($0) }
    }

    /// Names a file of the machine in an object's place. A name that is given with it (`#name`) stays.
    mutating func replace(_ uri: String, by path: String) {
        if application.first == uri { application[0] = path }
        for index in options.indices where Self.fileLists.contains(options[index].name) {
            let files = (options[index].value ?? "").split(separator: ",").map { $0 == uri ? path : String($0) }
            options[index].value = files.joined(separator: ",")
        }
    }

    /// Makes of a submission to a YARN cluster one to this machine, unless the machine knows a YARN cluster; and tells
    /// Spark where `s3://` is, for where it has Hadoop's `s3a`.
    /// - Returns: What was changed, in words.
    mutating func adapt(toYARN isYARN: Bool, endpoint: String) -> [String] {
        var changes: [String] = []
        if !isYARN {
            for index in options.indices where options[index].name == "--master" && options[index].value == "yarn" {
                options[index].value = "local[*]"
                changes.append("There is no YARN on this machine: --master yarn becomes local[*]")
            }
            if options.contains(where: { $0.name == "--deploy-mode" && $0.value == "cluster" }) {
                options.removeAll { $0.name == "--deploy-mode" }
                changes.append("There is no YARN on this machine: the driver runs here, without --deploy-mode cluster")
            }
        }
        let settings = [
            "spark.hadoop.fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem",
            "spark.hadoop.fs.s3a.endpoint=\(endpoint)", "spark.hadoop.fs.s3a.path.style.access=true",
        ]
        // What is given later counts: the step's own settings.
        options.insert(contentsOf: settings.map { Option(name: "--conf", value: $0) }, at: 0)
        return changes
    }
}
