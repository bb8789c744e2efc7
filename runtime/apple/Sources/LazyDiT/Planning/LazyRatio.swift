import Foundation

extension Manifest {
    /// The policy that reuses about `ratio` of the modules on average, by the calibration of the step count: `always` for 0.
    ///
    /// Between two points of one gate set and limit, the thresholds' logits are interpolated; elsewhere the nearer point
    /// is taken. Throws ``LazyDiTError/invalidRequest(_:)`` where the calibration does not reach so far.
    func policy(lazyRatio ratio: Double, steps: Int) throws -> Policy {
        if ratio == 0 { return .always }
        let points = try ratioPoints(steps: steps)
        guard let lowest = points.first, let highest = points.last else { return .always }
        guard ratio > 0, ratio <= highest.lazyRatio + Self.slack else {
            throw LazyDiTError.invalidRequest(
                "a lazy ratio of \(shown(ratio)) is out of reach at \(steps) steps: choose from 0 to "
                    + shown(highest.lazyRatio))
        }
        switch points.firstIndex(where: { $0.lazyRatio >= ratio }) {
        case nil: return highest.policy
        case 0?: return ratio < lowest.lazyRatio / 2 ? .always : lowest.policy
        case let after?: return points[after - 1].mixed(with: points[after], at: ratio).policy
        }
    }

    /// How far beyond the largest ratio that was measured a wish may lie: few images were measured.
    private static let slack = 0.02

    private func ratioPoints(steps: Int) throws -> [RatioPoint] {
        guard !lazyRatios.isEmpty else {
            throw LazyDiTError.invalidRequest(
                "this bundle has no calibration of lazy ratios: export it again, or choose gates and thresholds")
        }
        guard let ratios = lazyRatios.first(where: { $0.steps == steps }) else {
            let known = lazyRatios.map { String($0.steps) }.joined(separator: ", ")
            throw LazyDiTError.invalidRequest(
                "this bundle's lazy ratios are calibrated for \(known) steps, not for \(steps): choose one of these")
        }
        return ratios.points
    }

    private func shown(_ ratio: Double) -> String { String(format: "%g", ratio) }
}

extension Manifest.RatioPoint {
    fileprivate var policy: Policy {
        .lazy(gates: gates, thresholds: thresholds, maxReuse: maxReuse.map(MaxReuse.atMost) ?? .unlimited)
    }

    /// Of the same gate set and limit the point between this one and `above` at which `ratio` lies, else the nearer one.
    fileprivate func mixed(with above: Self, at ratio: Double) -> Self {
        let share = (ratio - lazyRatio) / max(above.lazyRatio - lazyRatio, 1e-9)
        guard gates == above.gates, maxReuse == above.maxReuse else { return share < 0.5 ? self : above }
        let thresholds = Thresholds(
            attn: mixedScore(thresholds.attn, above.thresholds.attn, share),
            mlp: mixedScore(thresholds.mlp, above.thresholds.mlp, share))
        return Self(gates: gates, thresholds: thresholds, maxReuse: maxReuse, lazyRatio: ratio)
    }
}

/// The score whose logit lies `share` of the way between those of two scores within 0 and 1.
private func mixedScore(_ below: Double, _ above: Double, _ share: Double) -> Double {
    func logit(_ score: Double) -> Double { log(score) - log1p(-score) }
    return 1 / (1 + exp(-(logit(below) + share * (logit(above) - logit(below)))))
}
