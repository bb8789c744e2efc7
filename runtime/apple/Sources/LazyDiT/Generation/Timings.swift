/// Wall time of one generation in milliseconds, by kind of program. As JSON it is Python's.
public struct Timings: Codable, Sendable, Equatable {
    public let totalMs: Double
    public let conditionMs: Double
    public let embedMs: Double
    public let attnMs: Double
    public let mlpMs: Double
    /// Whole blocks; the trace shares each one's time evenly between its modules.
    public let blockMs: Double
    public let reuseMs: Double
    public let finalMs: Double
    public let decodeMs: Double
    /// What was spent in no program.
    public let schedulerMs: Double
    /// One time per step.
    public let stepMs: [Double]

    enum CodingKeys: String, CodingKey {
        case totalMs = "total_ms"
        case conditionMs = "condition_ms"
        case embedMs = "embed_ms"
        case attnMs = "attn_ms"
        case mlpMs = "mlp_ms"
        case blockMs = "block_ms"
        case reuseMs = "reuse_ms"
        case finalMs = "final_ms"
        case decodeMs = "decode_ms"
        case schedulerMs = "scheduler_ms"
        case stepMs = "step_ms"
    }
}
