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

extension Setting {
    /// Fills in what a request leaves open.
    ///
    /// Throws ``LazyDiTError/invalidRequest(_:)`` where the bundle cannot do what is asked.
    init(_ request: Request, of bundle: ModelBundle) throws {
        try bundle.check(request)
        let manifest = bundle.manifest
        let steps = try request.steps(in: bundle)
        var policy = request.policy
        if case .lazyRatio(let ratio) = policy { policy = try manifest.policy(lazyRatio: ratio, steps: steps) }
        try policy.checkNumbers()
        let guidance = request.guidance ?? bundle.defaultGuidance
        guard guidance.isFinite else {
            throw LazyDiTError.invalidRequest("the guidance is not a number to work with: choose 1 to 10")
        }
        let spec = try policy.gateSetSpec(in: manifest, steps: steps)
        let decider = try policy.decider(spec?.gateSet, steps: steps, modules: bundle.modules.count)
        let extrapolate = policy.extrapolates ?? spec?.gateSet.extrapolate ?? false
        guard !extrapolate || manifest.graph.extrapolate != nil else {
            throw LazyDiTError.invalidRequest(
                "this bundle has no program to extrapolate with: export it again, or hold what is reused")
        }
        let timesteps = try spec?.timesteps ?? manifest.diffusion.spacedTimesteps(steps)
        self.init(
            decider: decider, maxReuse: policy.limit(stored: spec?.gateSet.maxReuse), extrapolate: extrapolate,
            guidance: guidance, timesteps: timesteps,
            alphasCumprod: try spec?.alphasCumprod ?? manifest.diffusion.alphasCumprod(timesteps))
    }
}

extension ModelBundle {
    fileprivate func check(_ request: Request) throws {
        guard (0..<numClasses).contains(request.label) else {
            throw LazyDiTError.invalidRequest(
                "label \(request.label) is out of range: choose from 0 to \(numClasses - 1)")
        }
        let size = latentShape.reduce(1, *)
        if let noise = request.noise, noise.count != size {
            throw LazyDiTError.invalidRequest(
                "the noise has \(noise.count) numbers: give \(size), which are \(latentShape)")
        }
    }
}

extension Request {
    fileprivate func steps(in bundle: ModelBundle) throws -> Int {
        let steps = try steps ?? policy.ownSteps(in: bundle.manifest) ?? bundle.defaultSteps
        let most = bundle.manifest.diffusion.trainSteps
        guard (1...most).contains(steps) else {
            throw LazyDiTError.invalidRequest("\(steps) steps are not possible: choose from 1 to \(most)")
        }
        return steps
    }
}
