@testable import AWSProtocol
import JSON
import Testing

@Suite struct WireFormatTests {
    @Test(arguments: [
        "<a>", "<a></b>", "<a", "", "<a/><b/>", "<a>&nope;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a b></a>",
        "<a b='c></a>", "<a>&#xD800;</a>", String(repeating: "<a>", count: 70) + String(repeating: "</a>", count: 70),
        "<a><![CDATA[</a>",
    ])
    func `What is not XML is refused`(_ text: String) {
        #expect(throws: XMLReadingError.self) { try XMLReader.read(Array(text.utf8)) }
    }

    @Test func `XML is read with its entities, sections and comments`() throws {
        let text = """
            \u{FEFF}<?xml version="1.0"?><!-- c --><s:a xmlns:s="n" b="1&amp;2">\
            x&#x41;&lt;<![CDATA[<&]]><c/>y\r\n<d e='f'/></s:a>
            """
        let root = try XMLReader.read(Array(text.utf8))
        #expect(root.name == "a")
        #expect(root.attribute("b") == "1&2")
        #expect(root.text == "xA<<&y\n")
        #expect(root.children.map(\.name) == ["c", "d"])
        #expect(root.children[1].attribute("s:e") == "f")
    }

    @Test(
        arguments: [
            ([0x00], 0), ([0x18, 0x18], 24), ([0x39, 0x01, 0xF3], -500), ([0xF5], true), ([0xF6], .null),
            ([0xF9, 0x3C, 0x00], 1),
            ([0xF9, 0xC4, 0x00], -4), ([0xFA, 0x47, 0xC3, 0x50, 0x00], 100_000), ([0x63, 0xE6, 0xB0, 0xB4], "水"),
            ([0x42, 1, 2], "AQI="),
            ([0x5F, 0x41, 1, 0x41, 2, 0xFF], "AQI="), ([0x9F, 1, 2, 0xFF], [1, 2]),
            ([0xA1, 0x61, 0x61, 0x80], ["a": []]),
            ([0xC1, 0xFB, 0x41, 0xD4, 0x52, 0xD9, 0xEC, 0x20, 0, 0], 1_363_896_240.5),
            ([0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .integer(.min)),
        ] as [([UInt8], JSON)]
    )
    func `CBOR is read as RFC 8949 has it`(_ bytes: [UInt8], _ expected: JSON) throws {
        #expect(try CBORReader.read(bytes) == expected)
        for end in bytes.indices {
            #expect(throws: CBORReadingError.self) { try CBORReader.read(Array(bytes[..<end])) }
        }
    }

    @Test(
        arguments: [
            [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xA1, 0x01, 0x01], [0x61, 0xFF], [0xFF], [0x1C],
            [0x00, 0x00],
        ] as [[UInt8]]
    )
    func `What is not CBOR is refused`(_ bytes: [UInt8]) {
        #expect(throws: CBORReadingError.self) { try CBORReader.read(bytes) }
    }

    @Test(
        arguments: [
            .null, true, 0, 23, 24, 255, 256, 65_536, -1, -25, 1.5, "", "ü", [1, [2]], ["a": ["b": 1]], .integer(.max),
            .integer(.min),
        ] as [JSON]
    )
    func `CBOR comes back as it was`(_ value: JSON) throws {
        var writer = CBORWriter(nil)
        writer.write(value, nil)
        #expect(try CBORReader.read(writer.bytes) == value)
    }

    @Test(arguments: [
        ("2023-05-01T12:34:56Z", 1_682_944_496_000), ("2023-05-01T12:34:56.789Z", 1_682_944_496_789),
        ("2023-05-01T14:34:56.7+02:00", 1_682_944_496_700), ("20230501T123456Z", 1_682_944_496_000),
        ("Mon, 01 May 2023 12:34:56 GMT", 1_682_944_496_000), ("1682944496.789", 1_682_944_496_789),
        ("2024-02-29", 1_709_164_800_000), ("1969-12-31T23:59:59.500Z", -500), ("1970-01-01T00:00:00Z", 0),
    ])
    func `A moment is read in every form that clients send`(_ text: String, _ milliseconds: Int) throws {
        let moment = try #require(Timestamp(parsing: text))
        #expect(moment.milliseconds == milliseconds)
        #expect(Timestamp(parsing: moment.iso8601Milliseconds) == moment)
    }

    @Test(arguments: [
        "", "yesterday", "2023-13-01T00:00:00Z", "2023-05-01T12:34:56", "2023-05-01T1:34:56Z",
        "Mon, 01 Foo 2023 00:00:00 GMT",
    ])
    func `What is no moment is refused`(_ text: String) {
        // Without an offset, AWS takes a moment to be in UTC.
        #expect((Timestamp(parsing: text) == nil) == (text != "2023-05-01T12:34:56"))
    }

    @Test func `Header names are compared without case`() {
        var headers: HTTPHeaderList = ["A": "1", "b": "2", "a": "3"]
        #expect(headers["a"] == "1")
        #expect(headers.values("A") == ["1", "3"])
        headers["a"] = "4"
        #expect(headers.fields.map(\.value) == ["4", "2"])
        headers["B"] = nil
        #expect(!headers.contains("b"))
        #expect(headers["["] == nil)
    }
}
