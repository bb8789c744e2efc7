import LazyDiT

/// A line of the latency table; times are medians in milliseconds where nothing else is said.
public struct BenchmarkRow: Sendable {
    public let policy: String
    public let steps: Int
    public let lazyRatio: Double
    public let imageMs: Double
    public let imageMsP90: Double
    let engine: String
    let precision: String
    let threads: Int?
    let ddimSteps: Double?
    private let timings: [Timings]

    /// Of the images of one case. `plainMs` holds the time of an image under policy `always` by step count.
    public init(_ timed: Timed, plainMs: [Int: Double], engine: String, precision: String, threads: Int? = nil) {
        self.engine = engine
        self.precision = precision
        self.threads = threads
        policy = timed.case.name
        steps = timed.case.steps
        timings = timed.images.map(\.timings)
        lazyRatio = mean(timed.images.map(\.lazyRatio))
        let imageTimes = timings.map(\.totalMs)
        imageMs = median(imageTimes)
        imageMsP90 = percentile(imageTimes, Self.p90)
        ddimSteps = equalLatencySteps(imageMs, plainMs: plainMs)
    }

    /// One row per case. `engine` and `precision` are what ran; `threads` nil where the engine decides.
    public static func rows(
        _ all: [Timed], engine: String, precision: String, threads: Int? = nil
    ) -> [BenchmarkRow] {
        let plain = all.filter(\.case.isPlain).map { ($0.case.steps, median($0.images.map(\.timings.totalMs))) }
        let plainMs = Dictionary(uniqueKeysWithValues: plain)
        return all.map {
            BenchmarkRow($0, plainMs: plainMs, engine: engine, precision: precision, threads: threads)
        }
    }

    private static let p90 = 0.9
}

/// With the names of benchmarks/latency.py, null for what there is none of.
extension BenchmarkRow: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Column.self)
        try container.encode(engine, forKey: "engine")
        try container.encode(policy, forKey: "policy")
        try container.encode(threads, forKey: "threads")
        try container.encode(precision, forKey: "precision")
        try container.encode(steps, forKey: "steps")
        try container.encode(lazyRatio, forKey: "lazy_ratio")
        try encodeSteps(in: &container)
        try container.encode(imageMs, forKey: "image_ms")
        try container.encode(imageMsP90, forKey: "image_ms_p90")
        try container.encode(ddimSteps, forKey: "ddim_steps")
        for (index, kind) in timings[0].byKind.enumerated() {
            try container.encode(median(timings.map { $0.byKind[index].value }), forKey: Column("\(kind.key)_ms"))
        }
        try container.encode(median(timings.map { $0.schedulerMs / $0.totalMs }), forKey: "scheduler_share")
        // One time per round, for ratios round by round.
        try container.encode(timings.map(\.totalMs), forKey: "images")
    }

    private func encodeSteps(in container: inout KeyedEncodingContainer<Column>) throws {
        // All steps but each image's first, where every policy runs everything.
        let steady = timings.flatMap { $0.stepMs.dropFirst() }
        try container.encode(median(timings.map { $0.stepMs[0] }), forKey: "first_step_ms")
        try container.encode(steady.isEmpty ? nil : median(steady), forKey: "step_ms")
        try container.encode(steady.isEmpty ? nil : percentile(steady, Self.p90), forKey: "step_ms_p90")
        try container.encode(steady.count < 2 ? nil : deviation(steady), forKey: "step_ms_deviation")
    }
}

/// The name of a column.
private struct Column: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) {
        stringValue = name
    }

    init(stringLiteral name: String) {
        self.init(name)
    }

    init?(stringValue: String) {
        self.init(stringValue)
    }

    init?(intValue: Int) {
        nil
    }
}
