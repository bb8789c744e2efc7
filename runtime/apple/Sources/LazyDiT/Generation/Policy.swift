/// Who decides whether a module runs or its cached output is reused.
///
/// Step 0 runs every module whatever the policy says, since nothing is cached.
public enum Policy: Sendable, Equatable {
    /// Run every module: plain DDIM.
    case always

    /// The gates decide, per module, step and sample.
    ///
    /// `gates` is the name of a gate set; nil takes the bundle's first for the step count. `thresholds` nil takes the gate
    /// set's own. `extrapolate`: whether what is reused goes on along the line through the module's last two outputs
    /// instead of being the last one as it is; nil takes the gate set's own.
    case lazy(
        gates: String? = nil, thresholds: Thresholds? = nil, maxReuse: MaxReuse = .stored, extrapolate: Bool? = nil)

    /// The gates decide so that about this share of the modules is reused, 0 to the highest of
    /// ``ModelBundle/lazyRatios``: the bundle's calibration picks all that `lazy` leaves open. 0 is `always`.
    case lazyRatio(Double)

    /// Run every module at steps 0, n, 2n, ...; reuse at all others.
    case everyN(_ n: Int = 2, maxReuse: MaxReuse = .stored, extrapolate: Bool = false)

    /// A fixed mask decides, per module and step.
    ///
    /// `run` holds a row of 2 x depth per step, true where the module runs. Nil: attention runs at even steps and
    /// feedforward at odd ones, so that nothing is reused twice in a row.
    case schedule(_ run: [[Bool]]? = nil, maxReuse: MaxReuse = .stored, extrapolate: Bool = false)

    /// Which one, without its settings.
    public var kind: Kind {
        switch self {
        case .always: .always
        case .lazy, .lazyRatio: .lazy
        case .everyN: .everyN
        case .schedule: .schedule
        }
    }

    /// `always`, `lazy`, `every-n` or `schedule`.
    public var name: String { kind.rawValue }

    /// The policies without their settings; the raw value is the name.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        case lazy
        case always
        case everyN = "every-n"
        case schedule
    }
}

/// A module runs iff its gate's score reaches the threshold of its kind. Scores lie between 0 and 1.
public struct Thresholds: Sendable, Equatable {
    public var attn: Double
    public var mlp: Double

    public init(attn: Double, mlp: Double) {
        self.attn = attn
        self.mlp = mlp
    }

    /// One threshold for all modules.
    public init(_ both: Double) {
        self.init(attn: both, mlp: both)
    }
}

/// How many steps in a row one module may be reused.
public enum MaxReuse: Sendable, Equatable {
    /// What the gate set was made with, which for the policies without gates is no limit.
    case stored
    case unlimited
    /// From 1.
    case atMost(Int)
}
