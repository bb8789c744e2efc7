import Foundation

/// Where two JSON documents differ, but for how long things took.
public func differences(_ expected: Any, _ found: Any, at place: String) -> [String] {
    if place.hasSuffix("_ms") && !(expected is [Any]) { return found is NSNumber ? [] : ["\(place) is no number"] }
    switch (expected, found) {
    case (let expected as [String: Any], let found as [String: Any]):
        guard expected.keys.sorted() == found.keys.sorted() else {
            return ["\(place) has keys \(found.keys.sorted())"]
        }
        return expected.flatMap { differences($1, found[$0]!, at: "\(place).\($0)") }
    case (let expected as [Any], let found as [Any]):
        guard expected.count == found.count else { return ["\(place) has \(found.count) items"] }
        let isTime = place.hasSuffix("_ms")
        return zip(expected, found).enumerated().flatMap { number, pair in
            differences(pair.0, pair.1, at: isTime ? "\(place)[\(number)]_ms" : "\(place)[\(number)]")
        }
    case (let expected as NSNumber, let found as NSNumber):
        let near = abs(expected.doubleValue - found.doubleValue) <= 1e-6
        return near ? [] : ["\(place) is \(found), not \(expected)"]
    case (let expected as String, let found as String):
        return expected == found ? [] : ["\(place) is \(found), not \(expected)"]
    default:
        return expected is NSNull && found is NSNull ? [] : ["\(place) is \(found), not \(expected)"]
    }
}
