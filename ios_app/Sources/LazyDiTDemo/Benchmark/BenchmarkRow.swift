import LazyDiT

/// A line of the table; times are medians in milliseconds where nothing else is said.
public struct BenchmarkRow: Sendable {
    public let policy: String
    public let steps: Int
    public let lazyRatio: Double
    public let imageMs: Double
    public let imageMsP90: Double
    let engine: String
    let precision: String
    let ddimSteps: Double?
    /// One time per round, for ratios round by round.
    let imageTimes: [Double]
    private let timings: [Timings]

    init(_ timed: Timed, plainMs: [Int: Double], engine: String, precision: String) {
        self.engine = engine
        self.precision = precision
        policy = timed.case.name
        steps = timed.case.steps
        timings = timed.images.map(\.timings)
        lazyRatio = mean(timed.images.map(\.lazyRatio))
        imageTimes = timings.map(\.totalMs)
        imageMs = median(imageTimes)
        imageMsP90 = percentile(imageTimes, Self.p90)
        ddimSteps = equalLatencySteps(imageMs, plainMs: plainMs)
    }

    static func rows(_ all: [Timed], engine: String, precision: String) -> [BenchmarkRow] {
        let plain = all.filter(\.case.isPlain).map { ($0.case.steps, median($0.images.map(\.timings.totalMs))) }
        let plainMs = Dictionary(uniqueKeysWithValues: plain)
        return all.map { BenchmarkRow($0, plainMs: plainMs, engine: engine, precision: precision) }
    }

    private static let p90 = 0.9
}

/// With the names of benchmarks/latency.py, null for what there is none of.
extension BenchmarkRow: Encodable {
    enum CodingKeys: String, CodingKey {
        case engine, policy, threads, precision, steps, images
        case lazyRatio = "lazy_ratio"
        case firstStepMs = "first_step_ms"
        case stepMs = "step_ms"
        case stepMsP90 = "step_ms_p90"
        case stepMsDeviation = "step_ms_deviation"
        case imageMs = "image_ms"
        case imageMsP90 = "image_ms_p90"
        case ddimSteps = "ddim_steps"
        case conditionMs = "condition_ms"
        case embedMs = "embed_ms"
        case attnMs = "attn_ms"
        case mlpMs = "mlp_ms"
        case blockMs = "block_ms"
        case reuseMs = "reuse_ms"
        case finalMs = "final_ms"
        case decodeMs = "decode_ms"
        case schedulerMs = "scheduler_ms"
        case schedulerShare = "scheduler_share"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(engine, forKey: .engine)
        try container.encode(policy, forKey: .policy)
        // The engine decides.
        try container.encodeNil(forKey: .threads)
        try container.encode(precision, forKey: .precision)
        try container.encode(steps, forKey: .steps)
        try container.encode(lazyRatio, forKey: .lazyRatio)
        try encodeSteps(in: &container)
        try container.encode(imageMs, forKey: .imageMs)
        try container.encode(imageMsP90, forKey: .imageMsP90)
        try container.encode(ddimSteps, forKey: .ddimSteps)
        for (key, kind) in Self.kinds { try container.encode(median(timings.map { $0[keyPath: kind] }), forKey: key) }
        try container.encode(median(timings.map { $0.schedulerMs / $0.totalMs }), forKey: .schedulerShare)
        try container.encode(imageTimes, forKey: .images)
    }

    private func encodeSteps(in container: inout KeyedEncodingContainer<CodingKeys>) throws {
        // All steps but each image's first, where every policy runs everything.
        let steady = timings.flatMap { $0.stepMs.dropFirst() }
        try container.encode(median(timings.map { $0.stepMs[0] }), forKey: .firstStepMs)
        try container.encode(steady.isEmpty ? nil : median(steady), forKey: .stepMs)
        try container.encode(steady.isEmpty ? nil : percentile(steady, Self.p90), forKey: .stepMsP90)
        try container.encode(steady.count < 2 ? nil : deviation(steady), forKey: .stepMsDeviation)
    }

    private static var kinds: [(CodingKeys, KeyPath<Timings, Double>)] {
        [
            (.conditionMs, \.conditionMs), (.embedMs, \.embedMs), (.attnMs, \.attnMs), (.mlpMs, \.mlpMs),
            (.blockMs, \.blockMs), (.reuseMs, \.reuseMs), (.finalMs, \.finalMs), (.decodeMs, \.decodeMs),
            (.schedulerMs, \.schedulerMs),
        ]
    }
}
