import JSON
import Testing

@Suite struct `Functions` {
    static let examples: [Example] = [
        // Numbers as text
        Example("$string(1e21)", "1e+21"), Example("$string(123456789012345680000)", "123456789012346000000"),
        Example("$string(0.1 + 0.2)", "0.3"), Example("$string(1e-7)", "1e-7"),
        Example("$string(-0.000001)", "-0.000001"),
        Example("$string({'a': [1, 2.50]}, true)", "{\n  \"a\": [\n    1,\n    2.5\n  ]\n}"),
        Example("$string(22/7)", "3.14285714285714"), Example("$string(100)", "100"),
        // Rounding and bases
        Example("$round(2.5)", 2), Example("$round(-3.5)", -4), Example("$round(11.45, 1)", 11.4),
        Example("$round(125, -1)", 120), Example("$formatBase(-255, 16)", "-ff"), Example("$number('0x1F')", 31),
        Example("$number('1e')", failsWith: "D3030"), Example("$power(2, 0.5)", 1.4142135623730951),
        // Text beyond the basic plane
        Example("$length('a💩b')", 3), Example("$substring('a💩b', 1, 1)", "💩"), Example("$pad('x', -3, 'ab')", "abx"),
        Example("$split('a💩b', '')", ["a", "💩", "b"]), Example("$match('💩x', /x/).index", 2),
        Example("'\\uD83D\\uDCA9'", "💩"), Example("'\\u00zz'", failsWith: "S0104"),
        Example("$sort(['b', 'A', 'ä', 'a'])", ["A", "a", "b", "ä"]),
        // Regular expressions
        Example("$replace('John Smith', /(\\w+)\\s(\\w+)/, '$2, $1')", "Smith, John"),
        Example("$match('a1b22', /[a-z](\\d+)/).groups", ["1", "22"]), Example("$contains('ÄRGER', /ärger/i)", true),
        Example("$split('a, b,c', /,\\s*/)", ["a", "b", "c"]), Example("$contains('a\\nb', /^b$/m)", true),
        Example("$match('aXbX', /(?<=b)X/).index", 3), Example("$match('abab', /(ab)\\1/).match", "abab"),
        Example("$match('aaa', /a{2,}?/).match", "aa"), Example("$contains('foobar', /foo(?!bar)/)", false),
        Example("$replace('aaa', /a*?/, 'x')", failsWith: "D1004"), Example("/(a)|b/('b').groups", [.null]),
        // Pictures of numbers
        Example("$formatNumber(12345.6, '#,###.00')", "12,345.60"), Example("$formatNumber(0.14, '01%')", "14%"),
        Example("$formatNumber(1234.5678, '00.000e0')", "12.346e2"), Example("$formatNumber(-6, '000')", "-006"),
        Example("$formatNumber(0, '#,##0;(#)')", "0"), Example("$formatNumber(1, '#.#.#')", failsWith: "D3081"),
        Example("$formatNumber(0, '0.0e0')", "0.0e0"),
        Example("$formatInteger(2789, 'w')", "two thousand, seven hundred and eighty-nine"),
        Example("$formatInteger(1999, 'I')", "MCMXCIX"), Example("$formatInteger(21, '1;o')", "21st"),
        Example("$formatInteger(28, 'a')", "ab"), Example("$parseInteger('twelve thousand, four hundred', 'w')", 12400),
        // Moments
        Example("$fromMillis(1510067557121)", "2017-11-07T15:12:37.121Z"),
        Example("$fromMillis(1510067557121, '[D1o] [MNn] [Y] [h#1]:[m] [PN]', '-0500')", "7th November 2017 10:12 AM"),
        Example("$fromMillis(-1, '[Y]-[M]-[D] [H]:[m]:[s].[f]')", "1969-12-31 23:59:59.999"),
        Example("$fromMillis(1514764800000, '[X]-W[W01]-[F1] [d]')", "2018-W01-1 1"),
        Example("$toMillis('2017-11-07T15:12:37.121Z')", 1_510_067_557_121),
        Example("$toMillis('2018')", 1_514_764_800_000),
        Example("$toMillis('2017-11-07T15:12:37+01:00')", 1_510_063_957_000),
        Example("$toMillis('yesterday')", failsWith: "D3110"),
        Example("$toMillis('7 February 2018', '[D1] [MNn] [Y]')", 1_517_961_600_000),
        // Encodings
        Example("$base64encode('hello:world')", "aGVsbG86d29ybGQ="), Example("$base64decode('aGk')", "hi"),
        Example("$encodeUrlComponent('?x=é')", "%3Fx%3D%C3%A9"), Example("$decodeUrl('%E0%A4%A')", failsWith: "D3140"),
        // Arrays, objects, functions
        Example("$distinct([1, 1, '1', {'a': 1}, {'a': 1}])", [1, "1", ["a": 1]]),
        Example("$zip([1, 2, 3], ['a', 'b'])", [[1, "a"], [2, "b"]]),
        Example(
            "$merge([{'a': 1}, {'b': 2, 'a': 3}])",
            [
                "a": 3, "b": 2,
            ]
        ),
        Example("$spread({'a': 1, 'b': 2})", [["a": 1], ["b": 2]]), Example("$keys([{'a': 1}, {'b': 2}])", ["a", "b"]),
        Example("$sift({'a': 1, 'b': 2}, function($v) { $v > 1 })", ["b": 2]),
        Example("$reduce([1..4], function($a, $b) { $a * $b }, 10)", 240),
        Example("$single([1, 2], function($v) { $v > 0 })", failsWith: "D3138"),
        Example("$sort([3, 1, 2], function($l, $r) { $l < $r })", [3, 2, 1]), Example("$type([])", "array"),
        Example("$count([1..1000000])", 1_000_000), Example("$count([1..100000000])", failsWith: "D2014"),
    ]

    @Test(arguments: examples) func `give what they should`(_ example: Example) { example.check(.null) }
}
