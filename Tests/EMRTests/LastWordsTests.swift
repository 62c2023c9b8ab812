import NIOCore
import Testing

@testable import EMR

@Suite struct LastWordsTests {
    private func error(_ printed: [(NodeLog.File, String)]) -> String? {
        let words = LastWords()
        for (file, text) in printed { words.add(ByteBuffer(string: text), to: file) }
        return words.error.map { "\($0.file): \($0.line)" }
    }

    @Test func `the last line that names an error counts`() {
        #expect(error([(.stderr, "Traceback\nValueError: no\nlog: done\n")]) == "stderr: ValueError: no")
        #expect(
            error([(.stderr, "Exception in thread \"main\" java.io.IOException: x\n\tat A.b\n")])
                == "stderr: Exception in thread \"main\" java.io.IOException: x"
        )
        #expect(error([(.stderr, "INFO end\n"), (.stdout, "KeyError: 'a'\n")]) == "stdout: KeyError: 'a'")
    }

    @Test func `without one it is the last line of the error output`() {
        #expect(error([(.stdout, "working\n"), (.stderr, "cp: no such file\n\n")]) == "stderr: cp: no such file")
        #expect(error([(.stdout, "working\n")]) == nil)
    }

    @Test func `only the end is kept, in whatever pieces it comes`() {
        let filling = [String](repeating: "x\n", count: 6000).joined()
        #expect(
            error([(.stderr, "OldError: 1\n" + filling), (.stderr, "New"), (.stderr, "Error: 2\n")])
                == "stderr: NewError: 2"
        )
    }
}
