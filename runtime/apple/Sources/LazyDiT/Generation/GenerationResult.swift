/// One generated image, and what it took. As JSON it is Python's: everything but latent and image.
public struct GenerationResult: Sendable {
    public let label: Int
    public let seed: UInt64
    /// What was used, defaults filled in.
    public let steps: Int
    /// What was used, defaults filled in; 1 is none.
    public let guidance: Double
    /// The name of the policy that decided.
    public let policy: String
    /// The name of its gate set, if it has one.
    public let gates: String?
    /// Those of the gates, where there are any.
    public let thresholds: Thresholds?
    /// The limit of reuses in a row; nil for none.
    public let maxReuse: Int?
    /// `[C, h, w]` in one row.
    public let latent: [Float]
    /// What ``Pixels/cgImage()`` shows; nil for a model of latents whose bundle has no decode.
    public let image: Pixels?
    public let trace: Trace
    public let timings: Timings

    /// Modules reused / modules reached, the first step included.
    public var lazyRatio: Double { trace.lazyRatio }
}

extension GenerationResult: Encodable {
    enum CodingKeys: String, CodingKey {
        case label, seed, steps, guidance, policy, gates, thresholds
        case maxReuse = "max_reuse"
        case lazyRatio = "lazy_ratio"
        case timings, trace
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(label, forKey: .label)
        try container.encode(seed, forKey: .seed)
        try container.encode(steps, forKey: .steps)
        try container.encode(guidance, forKey: .guidance)
        try container.encode(policy, forKey: .policy)
        try container.encode(gates, forKey: .gates)
        try container.encode(thresholds.map { [$0.attn, $0.mlp] }, forKey: .thresholds)
        try container.encode(maxReuse, forKey: .maxReuse)
        try container.encode(lazyRatio, forKey: .lazyRatio)
        try container.encode(timings, forKey: .timings)
        try container.encode(trace, forKey: .trace)
    }
}
