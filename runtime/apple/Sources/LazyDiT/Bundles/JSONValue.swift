import Foundation

/// A JSON document, in which an integer is told from 6.0 and from true.
///
/// Read by `JSONSerialization`: `JSONDecoder` takes 6.0 for an integer, and half of a surrogate pair in a key ends the
/// process.
enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// An integer beyond `Int`.
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Throws what `JSONSerialization` does. Of keys that are the same the last one counts.
    init(parsing data: Data) throws {
        self.init(try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed))
    }

    private init(_ parsed: Any) {
        switch parsed {
        case let object as [String: Any]: self = .object(object.mapValues(JSONValue.init))
        case let list as [Any]: self = .list(list.map(JSONValue.init))
        case let text as String: self = .text(text)
        case let number as NSNumber: self.init(number)
        default: self = .null
        }
    }

    private init(_ number: NSNumber) {
        switch UInt8(bitPattern: number.objCType.pointee) {
        case UInt8(ascii: "c"), UInt8(ascii: "B"): self = .boolean(number.boolValue)
        case UInt8(ascii: "d"), UInt8(ascii: "f"): self = .number(Self.double(number))
        case UInt8(ascii: "Q"):
            self = Int(exactly: number.uint64Value).map(Self.integer) ?? .unsigned(number.uint64Value)
        default: self = .integer(number.intValue)
        }
    }

    /// The nearest double, which `NSDecimalNumber`, made of long numbers on Apple's platforms, does not always give.
    private static func double(_ number: NSNumber) -> Double {
        guard let decimal = number as? NSDecimalNumber else { return number.doubleValue }
        return Double(decimal.stringValue) ?? decimal.doubleValue
    }
}
