import Foundation

/// What the Python runtime says of damaged manifests and of lazy ratios, see `tests/runtime/apple/write_refusals.py`.
struct Refusals: Decodable {
    /// The text of a sound manifest.
    let manifest: String
    let cases: [Case]
    let wishes: [Wish]

    /// The sound manifest with one piece of its text replaced.
    struct Case: Decodable {
        let name: String
        let start: Int
        let end: Int
        let text: String
        /// Nil where it is accepted.
        let sentence: String?
    }

    /// What a lazy ratio becomes: a sentence, or a policy; without gates it is `always`.
    struct Wish: Decodable {
        let ratio: Double
        let steps: Int
        let sentence: String?
        let gates: String?
        let thresholds: [Double]?
        let maxReuse: Int?

        enum CodingKeys: String, CodingKey {
            case ratio, steps, sentence, gates, thresholds
            case maxReuse = "max_reuse"
        }
    }

    static func written() throws -> Refusals {
        let file = Fixtures.repository.appendingPathComponent("build/apple/refusals.json")
        guard let data = try? Data(contentsOf: file) else {
            throw Missing(description: "\(file.path) is missing: run make test-apple")
        }
        return try JSONDecoder().decode(Refusals.self, from: data)
    }

    func damaged(by one: Case) -> Data {
        let bytes = Array(manifest.utf8)
        return Data(bytes[..<one.start] + Array(one.text.utf8) + bytes[one.end...])
    }

    private struct Missing: Error, CustomStringConvertible {
        let description: String
    }
}
