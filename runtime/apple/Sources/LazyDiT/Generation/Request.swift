/// One image to generate.
public struct Request: Sendable, Equatable {
    /// The class, from 0 to ``ModelBundle/numClasses`` - 1.
    public var label: Int
    /// Of the starting noise: the same on every platform, and what `torch.randn` draws on a CPU.
    public var seed: UInt64
    /// How many; nil: those of the policy's gate set or mask, else the bundle's default.
    public var steps: Int?
    /// Scale of classifier-free guidance; 1 is none, nil the bundle's default.
    public var guidance: Double?
    /// Who decides whether a module runs.
    public var policy: Policy
    /// To start from in place of the seed's noise, `[C, h, w]` in one row.
    public var noise: [Float]?

    public init(
        label: Int, seed: UInt64 = 0, steps: Int? = nil, guidance: Double? = nil, policy: Policy = .lazy(),
        noise: [Float]? = nil
    ) {
        self.label = label
        self.seed = seed
        self.steps = steps
        self.guidance = guidance
        self.policy = policy
        self.noise = noise
    }
}
