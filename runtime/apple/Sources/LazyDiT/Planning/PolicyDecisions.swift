// What a policy and a gate set decide of a setting.

extension Policy {
    /// Of the gate set or the mask that it names.
    func ownSteps(in manifest: Manifest) throws -> Int? {
        switch self {
        case .lazy(let gates?, _, _, _): try manifest.gateSetSpec(gates).gateSet.steps
        case .schedule(let run?, _, _): run.count
        default: nil
        }
    }

    func checkNumbers() throws {
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
    func limit(stored: Int?) -> Int? {
        switch maxReuse {
        case .stored: stored
        case .unlimited: nil
        case .atMost(let steps): steps
        }
    }

    /// Nil: what the gate set was made with.
    var extrapolates: Bool? {
        switch self {
        case .always, .lazyRatio: nil
        case .lazy(_, _, _, let extrapolate): extrapolate
        case .everyN(_, _, let extrapolate), .schedule(_, _, let extrapolate): extrapolate
        }
    }

    /// Nil for the policies without gates.
    func gateSetSpec(in manifest: Manifest, steps: Int) throws -> Manifest.GateSetSpec? {
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

    func decider(_ gateSet: GateSet?, steps: Int, modules: Int) throws -> Setting.Decider {
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
