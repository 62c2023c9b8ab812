import ArgumentParser

/// `trainyard env`: what a shell needs for AWS's tools to find the yard.
struct Env: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Print the environment variables that point AWS's tools at the yard.",
        discussion: """
            For a shell to evaluate:

              eval "$(trainyard env)"
            """
    )

    @Option(help: "The port that the yard listens on.")
    var port = 4566

    @Option(help: ArgumentHelp("The yard's address, where it is not on this machine.", valueName: "url"))
    var endpoint: String?

    @Option(help: "The region to work in.")
    var region = "us-east-1"

    @Option(help: "The account to work in: twelve digits. Without it the yard's own.")
    var account: String?

    func run() {
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint ?? "http://127.0.0.1:\(port)"),
            ("AWS_ACCESS_KEY_ID", account ?? "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_REGION", region),
        ]
        for (name, value) in variables { print("export \(name)=\(Self.quoted(value))") }
        // A profile or a session token left in the shell would win over the keys.
        print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    }

    /// The text as one word of a shell, whatever is in it.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
