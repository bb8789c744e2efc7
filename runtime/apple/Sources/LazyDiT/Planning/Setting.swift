/// A request with everything decided.
struct Setting: Sendable {
    enum Decider: Sendable, Equatable {
        case always
        /// The name of the gate set, whose weights are those of ``ModelBundle/gates``.
        case lazy(gates: String, thresholds: Thresholds)
        case everyN(Int)
        /// `[steps, modules]` in one row, true where the module runs.
        case schedule([Bool])
    }

    let decider: Decider
    /// Nil for no limit.
    let maxReuse: Int?
    let extrapolate: Bool
    /// 1 is none.
    let guidance: Double
    /// Descending; one per step.
    let timesteps: [Int]
    /// Of the same timesteps.
    let alphasCumprod: [Double]

    var steps: Int { timesteps.count }
    var guided: Bool { guidance != Self.unguided }

    /// The scale at which the unconditional sample has no say, so that it is left out.
    private static let unguided = 1.0
}
