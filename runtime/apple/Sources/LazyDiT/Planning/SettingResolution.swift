import LazyDiTCore

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
            throw LazyDiTError.invalidRequest("the noise has \(noise.count) numbers: give \(size), which are \(latentShape)")
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

extension Policy {
    /// Of the gate set or the mask that it names.
    fileprivate func ownSteps(in manifest: Manifest) throws -> Int? {
        switch self {
        case .lazy(let gates?, _, _, _): try manifest.gateSetSpec(gates).gateSet.steps
        case .schedule(let run?, _, _): run.count
        default: nil
        }
    }

    fileprivate func checkNumbers() throws {
        if case .everyN(let n, _, _) = self, n < 1 {
            throw LazyDiTError.invalidRequest("every-n with n = \(n) never runs a module: choose n from 1")
        }
        if case .atMost(let steps) = maxReuse, steps < 1 {
            throw LazyDiTError.invalidRequest("max_reuse is \(steps): choose a number of steps from 1, or no limit")
        }
    }

    private var maxReuse: MaxReuse {
        switch self {
        case .always, .lazyRatio: .stored
        case .lazy(_, _, let maxReuse, _), .everyN(_, let maxReuse, _), .schedule(_, let maxReuse, _): maxReuse
        }
    }

    /// Nil for none.
    fileprivate func limit(stored: Int?) -> Int? {
        switch maxReuse {
        case .stored: stored
        case .unlimited: nil
        case .atMost(let steps): steps
        }
    }

    /// Nil: what the gate set was made with.
    fileprivate var extrapolates: Bool? {
        switch self {
        case .always, .lazyRatio: nil
        case .lazy(_, _, _, let extrapolate): extrapolate
        case .everyN(_, _, let extrapolate), .schedule(_, _, let extrapolate): extrapolate
        }
    }

    /// Nil for the policies without gates.
    fileprivate func gateSetSpec(in manifest: Manifest, steps: Int) throws -> Manifest.GateSetSpec? {
        guard case .lazy(let gates, _, _, _) = self else { return nil }
        guard let gates else { return try manifest.gateSetSpec(steps: steps) }
        let spec = try manifest.gateSetSpec(gates)
        guard spec.gateSet.steps == steps else {
            throw LazyDiTError.invalidRequest(
                "gate set \(gates) is for \(spec.gateSet.steps) steps, not for \(steps): choose its step count or another "
                    + "gate set")
        }
        return spec
    }

    fileprivate func decider(_ gateSet: GateSet?, steps: Int, modules: Int) throws -> Setting.Decider {
        switch (self, gateSet) {
        case (.lazy(_, let thresholds, _, _), let gateSet?):
            .lazy(gates: gateSet.name, thresholds: try thresholds?.checked() ?? gateSet.thresholds)
        case (.everyN(let n, _, _), _): .everyN(n)
        case (.schedule(let run, _, _), _): .schedule(try mask(run, steps: steps, modules: modules))
        default: .always
        }
    }

    /// `[steps, modules]` in one row.
    private func mask(_ run: [[Bool]]?, steps: Int, modules: Int) throws -> [Bool] {
        guard let run else {
            return (0..<steps).flatMap { step in (0..<modules).map { step % 2 == $0 % 2 } }
        }
        let other = run.first { $0.count != modules } ?? run.first ?? []
        guard run.count == steps, other.count == modules else {
            throw LazyDiTError.invalidRequest(
                "the schedule is for \(run.count) steps and \(other.count) modules, not for \(steps) and \(modules): "
                    + "give one made for this step count and model")
        }
        return run.flatMap { $0 }
    }
}

extension Thresholds {
    fileprivate func checked() throws -> Thresholds {
        guard (0...1).contains(attn), (0...1).contains(mlp) else {
            throw LazyDiTError.invalidRequest("a threshold is not from 0 to 1: scores lie between these")
        }
        return self
    }
}

extension Manifest {
    fileprivate func gateSetSpec(_ name: String) throws -> GateSetSpec {
        guard let spec = gateSets.first(where: { $0.gateSet.name == name }) else {
            let known = gateSets.isEmpty ? "none" : gateSets.map(\.gateSet.name).joined(separator: ", ")
            throw LazyDiTError.invalidRequest("this bundle has no gate set \(name): choose from \(known)")
        }
        return spec
    }

    /// The first for the step count.
    fileprivate func gateSetSpec(steps: Int) throws -> GateSetSpec {
        guard let spec = gateSets.first(where: { $0.gateSet.steps == steps }) else {
            let known = Set(gateSets.map(\.gateSet.steps)).sorted().map(String.init).joined(separator: ", ")
            throw LazyDiTError.invalidRequest(
                "this bundle has no gate set for \(steps) steps"
                    + (known.isEmpty ? ": choose" : ", only for \(known): choose one of these or") + " policy always")
        }
        return spec
    }
}

extension Manifest.Diffusion {
    /// The published respacing.
    fileprivate func spacedTimesteps(_ steps: Int) throws -> [Int] {
        var timesteps = [Int64](repeating: 0, count: steps)
        try checked { lazydit_spaced_timesteps(Int32(trainSteps), Int32(steps), &timesteps, $0) }
        return timesteps.map(Int.init)
    }

    fileprivate func alphasCumprod(_ timesteps: [Int]) throws -> [Double] {
        var alphas = [Double](repeating: 0, count: trainSteps)
        try checked { lazydit_alphas_cumprod(Int32(trainSteps), betaStart, betaEnd, &alphas, $0) }
        return timesteps.map { alphas[$0] }
    }
}
