import JSON
import JSONPath
import Testing

@Suite struct `Paths find values` {
    static let store: JSON = [
        "book": [
            ["title": "Sayings", "price": 8.95, "tags": ["old"]],
            ["title": "Sword", "price": 12.99, "isbn": "1"],
            ["title": "Moby Dick", "price": 8.99, "isbn": "0-553"],
        ],
        "limit": 10, "odd name": ["x": 1], "empty": [],
    ]

    @Test(
        arguments: [
            ("$.limit", 10), ("$['odd name'].x", 1), ("$.book[0].title", "Sayings"), ("$.book[-1].title", "Moby Dick"),
            ("$.book[*].title", ["Sayings", "Sword", "Moby Dick"]), ("$.book[1:].title", ["Sword", "Moby Dick"]),
            ("$.book[:1].title", ["Sayings"]), ("$.book[0,2].title", ["Sayings", "Moby Dick"]),
            ("$..isbn", ["1", "0-553"]), ("$.book[?(@.price < 9)].title", ["Sayings", "Moby Dick"]),
            ("$.book[?(@.price < $.limit && @.isbn)].title", ["Moby Dick"]), ("$.book[?(!@.isbn)].title", ["Sayings"]),
            ("$.book[?(@.title =~ /s.*/i)].title", ["Sayings", "Sword"]),
            ("$.book[?(@.isbn in ['1', '2'])].title", ["Sword"]),
            ("$.book.length()", 3), ("$.book[*].price.max()", 12.99), ("$.missing[*].x", []), ("$.missing.x[1:]", []),
            ("$.book[?(@.tags contains 'old' || @.price == 12.99)].title", ["Sayings", "Sword"]),
        ] as [(String, JSON)]
    )
    func `A path evaluates to its value`(text: String, expected: JSON) throws {
        #expect(try JSONPath(text).evaluate(Self.store) == expected)
    }

    @Test(arguments: [
        ("$.missing", "No results for path: $['missing']"), ("$.a.b.c", "Missing property in path $['a']"),
        ("$.book[7]", "No results for path: $['book'][7]"),
    ])
    func `A definite path that leads nowhere says so in Jayway's words`(text: String, message: String) throws {
        #expect(throws: JSONPathEvaluationError(message)) { try JSONPath(text).evaluate(Self.store) }
    }

    @Test(arguments: ["", "a.b", "$.", "$[", "$['a", "$.a[?(@.b <)]", "$.a]", "$.a[b]"])
    func `A text that is no path is refused`(text: String) {
        #expect(throws: JSONPathSyntaxError.self) { try JSONPath(text) }
    }

    @Test func `The place of a mistake is told`() {
        #expect(throws: JSONPathSyntaxError(message: "Expected ']', found 'x'", offset: 5)) { try JSONPath("$.a[0x]") }
    }

    @Test(arguments: [("$", "$"), ("$$.Execution.Id", "$$"), ("$item.x", "item")])
    func `A path begins at the document, the context or a variable`(text: String, root: String) throws {
        switch try JSONPath(text).root {
        case .document: #expect(root == "$")
        case .context: #expect(root == "$$")
        case .variable(let name): #expect(root == name)
        case .current: Issue.record("A filter's root outside of a filter")
        }
    }

    @Test func `A reference path writes, making what is missing on the way`() throws {
        let path = try JSONPath("$.a.b")
        #expect(path.isReferencePath)
        #expect(try path.setting(1, in: ["c": 2]) == ["c": 2, "a": ["b": 1]])
        #expect(throws: JSONPathEvaluationError.self) { try path.setting(1, in: ["a": 3]) }
        #expect(try !JSONPath("$.a[*]").isReferencePath)
    }
}
