import Foundation
import Testing

@testable import LazyDiT

/// What Foundation makes of JSON, and what of it is told apart.
@Suite struct JSONValueTests {
    private func kind(_ text: String) throws -> String {
        switch try JSONValue(parsing: Data(text.utf8)) {
        case .null: "null"
        case .boolean(let value): "boolean \(value)"
        case .integer(let value): "integer \(value)"
        case .unsigned(let value): "unsigned \(value)"
        case .number(let value): "number \(value)"
        case .text(let value): "text \(value)"
        case .list(let items): "list of \(items.count)"
        case .object(let members): "object of \(members.keys.sorted())"
        }
    }

    @Test(arguments: [
        ("null", "null"), ("true", "boolean true"), ("false", "boolean false"), ("0", "integer 0"), ("1", "integer 1"),
        ("-7", "integer -7"), ("6.0", "number 6.0"), ("1e2", "number 100.0"), ("0.1", "number 0.1"),
        ("4.0358297653756754e-05", "number 4.0358297653756754e-05"),
        ("9223372036854775807", "integer 9223372036854775807"),
        ("9223372036854775808", "unsigned 9223372036854775808"),
        ("18446744073709551616", "number 1.8446744073709552e+19"), ("\"true\"", "text true"), ("[1, [2]]", "list of 2"),
        ("{\"b\": 1, \"a\": {}}", "object of [\"a\", \"b\"]"),
    ])
    func kindsAreToldApart(text: String, expected: String) throws {
        #expect(try kind(text) == expected)
    }

    @Test(arguments: [
        "", "{", "[1, 2", "NaN", "Infinity", "1e999", "01", "5 5", "\"a\nb\"", "// no\n1", "\"\\ud800\"",
        "{\"\\ud800\": 1}", String(repeating: "[", count: 100_000),
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: (any Error).self) { try JSONValue(parsing: Data(text.utf8)) }
    }

    @Test func whatIsNoTextIsRefused() {
        #expect(throws: (any Error).self) { try JSONValue(parsing: Data([0xff, 0xfe, 0x00])) }
    }

    @Test func ofEqualKeysTheLastOneCounts() throws {
        guard case .object(let members) = try JSONValue(parsing: Data("{\"a\": 1, \"a\": true}".utf8)),
            case .boolean(true)? = members["a"]
        else {
            Issue.record("the first one counted")
            return
        }
    }
}
