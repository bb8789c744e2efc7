import Foundation
import LazyDiT
import Testing

/// The same bundles and requests through Python's runtime, see `tests/runtime/write_reference.py`.
@Suite struct PythonParityTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Asked: Decodable {
            let label: Int
            let seed: String
            let steps: Int?
            let guidance: Double?
            let policy: ReferencePolicy
            let noise: Bool
        }

        let name: String
        let bundle: String
        let request: Asked
        let image: Bool
        let memory: [String: Int]
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let file = Fixtures.reference.appendingPathComponent("cases.json")
        guard let data = try? Data(contentsOf: file), let cases = try? JSONDecoder().decode([Case].self, from: data)
        else { fatalError("\(file.path) is missing: run make test-apple") }
        return cases.filter { $0.bundle.hasSuffix("-android") }
    }()

    @Test(arguments: Set(cases.map(\.bundle)).sorted())
    func decisionsAndImagesArePythons(bundle: String) async throws {
        let lazyDiT = try await Fixtures.open(bundle)
        let cases = Self.cases.filter { $0.bundle == bundle }
        #expect(cases.count > 5)
        let expected = try Self.results()
        for one in cases {
            let request = try request(one)
            let result = try #require(try await lazyDiT.draw(request))
            let latent = try Fixtures.floats("\(one.name).latent")
            #expect(result.latent == latent, "\(one.name)")
            #expect((result.image != nil) == one.image)
            if let image = result.image { #expect(image.values == result.latent) }
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(result))
            #expect(differences(try #require(expected[one.name]), json, at: one.name) == [])
            try check(lazyDiT.memory(for: request), one)
        }
    }

    private func request(_ one: Case) throws -> Request {
        Request(
            label: one.request.label, seed: try #require(UInt64(one.request.seed)), steps: one.request.steps,
            guidance: one.request.guidance, policy: one.request.policy.policy,
            noise: one.request.noise ? try Fixtures.floats("\(one.name).noise") : nil)
    }

    private func check(_ memory: Memory, _ one: Case) {
        let found = [
            "total": memory.total, "cache": memory.cache, "modulation": memory.modulation,
            "activations": memory.activations, "gates": memory.gates, "trace": memory.trace,
        ]
        #expect(found == one.memory, "\(one.name)")
    }

    private static func results() throws -> [String: Any] {
        let data = try Data(contentsOf: Fixtures.reference.appendingPathComponent("cases.json"))
        let cases = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: cases.map { ($0["name"] as! String, $0["result"]!) })
    }

    /// Where two JSON documents differ, but for how long things took.
    private func differences(_ expected: Any, _ found: Any, at place: String) -> [String] {
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
}
