import LazyDiT

/// A policy as Python writes it.
public struct ReferencePolicy: Decodable, Sendable {
    public let policy: Policy

    private enum Keys: String, CodingKey {
        case name, gates, thresholds, n, run, extrapolate
        case maxReuse = "max_reuse"
        case lazyRatio = "lazy_ratio"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        let extrapolate = try? values.decode(Bool.self, forKey: .extrapolate)
        let maxReuse = try Self.maxReuse(values)
        switch try values.decode(String.self, forKey: .name) {
        case "always":
            policy = .always
        case "every-n":
            policy = .everyN(
                try values.decode(Int.self, forKey: .n), maxReuse: maxReuse, extrapolate: extrapolate ?? false)
        case "schedule":
            policy = .schedule(
                try values.decodeIfPresent([[Bool]].self, forKey: .run), maxReuse: maxReuse,
                extrapolate: extrapolate ?? false)
        default:
            if let ratio = try values.decodeIfPresent(Double.self, forKey: .lazyRatio) {
                policy = .lazyRatio(ratio)
            } else {
                let pair = try values.decodeIfPresent([Double].self, forKey: .thresholds)
                policy = .lazy(
                    gates: try values.decodeIfPresent(String.self, forKey: .gates),
                    thresholds: pair.map { Thresholds(attn: $0[0], mlp: $0[1]) }, maxReuse: maxReuse,
                    extrapolate: extrapolate)
            }
        }
    }

    private static func maxReuse(_ values: KeyedDecodingContainer<Keys>) throws -> MaxReuse {
        guard values.contains(.maxReuse) else { return .stored }
        if try values.decodeNil(forKey: .maxReuse) { return .unlimited }
        return (try? values.decode(Int.self, forKey: .maxReuse)).map { .atMost($0) } ?? .stored
    }
}
