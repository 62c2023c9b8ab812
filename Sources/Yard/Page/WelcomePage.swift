/// What a browser sees at `/`: what this is, what is served, how to use it. Self-contained.
struct WelcomePage {
    var configuration: YardConfiguration
    var operations: [(service: String, names: [String])]
    var counts: [(name: String, count: Int)]

    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Trainyard</title>
        <style>\(Self.style)</style>
        <main>
        <h1>Trainyard <small>\(Yard.version)</small></h1>
        <p>The AWS APIs of a machine-learning pipeline, served by this machine. Region \
        \(Self.escaped(configuration.region)), account \(Self.escaped(configuration.account)), data in \
        <code>\(Self.escaped(configuration.dataDirectory))</code>.</p>
        <pre>eval "$(trainyard env)"
        aws s3 ls</pre>
        <ul class="counts">\(counts.map { "<li><b>\($0.count)</b> \($0.name)</li>" }.joined())</ul>
        <h2>Served</h2>
        \(operations.map(details).joined(separator: "\n"))
        <p>The same as JSON: <a href="/_trainyard/health">/_trainyard/health</a></p>
        </main>
        </html>

        """
    }

    private func details(_ service: String, _ names: [String]) -> String {
        """
        <details><summary>\(Self.escaped(service)) <small>\(names.count) operations</small></summary>\
        <p>\(names.map(Self.escaped).joined(separator: ", "))</p></details>
        """
    }

    private static let style = """
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
        main { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
        small { font-weight: normal; opacity: .6 }
        pre, code { font-family: ui-monospace, monospace }
        pre { padding: .75rem 1rem; border: 1px solid; border-radius: .5rem; opacity: .85 }
        .counts { display: flex; flex-wrap: wrap; gap: 1.5rem; padding: 0; list-style: none }
        summary { cursor: pointer; padding: .25rem 0 }
        """

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
