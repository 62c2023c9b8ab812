import Testing

@testable import EMR

@Suite struct ShellWordsTests {
    @Test(
        arguments: [
            ("", []), ("  --conf a=b  --name x ", ["--conf", "a=b", "--name", "x"]),
            (#"--conf "a=b c" 'd "e"' f\ g"#, ["--conf", "a=b c", #"d "e""#, "f g"]), (#"-x"" ''"#, ["-x", ""]),
        ] as [(String, [String])]
    )
    func `words are parted as a shell parts them`(_ text: String, _ words: [String]) {
        #expect(ShellWords.split(text) == words)
    }
}
