import LazyDiT

/// What the user asks for.
public struct Choice: Codable, Equatable, Sendable {
    public var label = 3
    public var seed: UInt64 = 0
    public var steps = 20
    public var policy = Policy.Kind.lazy
    /// The wished one, of policy lazy; the nearest that was measured is taken.
    public var lazyRatio = 0.3

    /// The place on the laziness slider; nil for other policies and step counts without gates.
    public func place(_ facts: BundleFacts) -> Int? {
        policy == .lazy ? facts.scale(steps: steps).nearest(to: lazyRatio) : nil
    }

    /// The lazy ratio to be expected.
    public func expectedRatio(_ facts: BundleFacts) -> Double {
        switch policy {
        case .lazy: place(facts).map { facts.scale(steps: steps).places[$0] } ?? 0
        case .always: 0
        case .everyN: Double(steps / 2) / Double(steps)
        case .schedule: Double(steps - 1) / Double(2 * steps)
        }
    }

    func request(_ facts: BundleFacts) -> Request {
        let decides: Policy =
            switch policy {
            case .lazy: place(facts) == nil ? .always : .lazyRatio(expectedRatio(facts))
            case .always: .always
            case .everyN: .everyN()
            case .schedule: .schedule()
            }
        return Request(label: label, seed: seed, steps: steps, policy: decides)
    }

    /// The same with what the bundle has: its labels and step counts.
    func within(_ facts: BundleFacts) -> Choice {
        var choice = self
        choice.label = min(max(label, 0), facts.numClasses - 1)
        choice.steps = [steps, facts.defaultSteps].first(where: facts.stepCounts.contains) ?? facts.stepCounts[0]
        return choice
    }
}
