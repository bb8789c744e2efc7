import Foundation
import LazyDiT

/// A request, and what Python's runtime made of it: `tests/runtime/write_reference.py`.
public struct ReferenceCase: Decodable, Sendable {
    public let name: String
    public let bundle: String
    /// Whether there is an image, which is the latent then.
    public let image: Bool
    public let memory: [String: Int]
    private let request: Asked

    private struct Asked: Decodable {
        let label: Int
        let seed: String
        let steps: Int?
        let guidance: Double?
        let policy: ReferencePolicy
        let noise: Bool
    }

    /// All cases in a folder. A folder that lacks them has not been made.
    public static func all(in folder: URL) -> [ReferenceCase] {
        let file = folder.appendingPathComponent("cases.json")
        guard let data = try? Data(contentsOf: file), let cases = try? JSONDecoder().decode([Self].self, from: data)
        else { fatalError("\(file.path) is missing: run make test-apple") }
        return cases
    }

    /// The results that Python wrote, as JSON, by the names of the cases.
    public static func results(in folder: URL) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appendingPathComponent("cases.json"))
        let cases = try JSONSerialization.jsonObject(with: data) as! [[String: Any]]
        return Dictionary(uniqueKeysWithValues: cases.map { ($0["name"] as! String, $0["result"]!) })
    }

    public func request(in folder: URL) throws -> Request {
        Request(
            label: request.label, seed: UInt64(request.seed)!, steps: request.steps,
            guidance: request.guidance, policy: request.policy.policy,
            noise: request.noise ? try Self.floats("\(name).noise", in: folder) : nil)
    }

    public func latent(in folder: URL) throws -> [Float] {
        try Self.floats("\(name).latent", in: folder)
    }

    /// Little-endian float32, as Python wrote them.
    private static func floats(_ name: String, in folder: URL) throws -> [Float] {
        let data = try Data(contentsOf: folder.appendingPathComponent(name))
        return data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
            }
        }
    }
}
