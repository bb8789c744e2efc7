/// Every decision of a generation. As JSON it is Python's.
///
/// Steps in sampling order; sample 0 is the conditional one, sample 1 (with guidance only) the unconditional one; modules
/// in running order: attn 0, mlp 0, attn 1, ...
public struct Trace: Codable, Sendable, Equatable {
    /// Of the training process, descending; one per step.
    public let timesteps: [Int]
    /// The names of the modules.
    public let modules: [String]
    /// `[step][sample][module]`: the gate's score; nil where no gate decided.
    public let scores: [[[Double?]]]
    /// `[step][sample][module]`: false where the module was reused.
    public let ran: [[[Bool]]]
    /// `[step][sample][module]`: true where the module was reused by extrapolating its last two outputs.
    public let extrapolated: [[[Bool]]]
    /// `[step][sample][module]`: time of the run or the reuse, in milliseconds.
    public let moduleMs: [[[Double]]]

    /// Modules reused / modules reached, the first step included.
    public var lazyRatio: Double {
        let decisions = ran.joined().joined()
        return Double(decisions.count { !$0 }) / Double(decisions.count)
    }

    enum CodingKeys: String, CodingKey {
        case timesteps, modules, scores, ran, extrapolated
        case moduleMs = "module_ms"
    }
}
