import LazyDiT
import LazyDiTBenchmark

/// What to measure: every policy with every step count, `rounds` images each.
public struct BenchmarkPlan: Equatable, Sendable {
    public var policies: [Policy.Kind] = [.always, .lazy, .everyN]
    public var steps = [10, 20]
    public var rounds = 10

    /// What the screen offers.
    public static let roundCounts = [3, 10, 20, 50]

    /// Puts a policy in or leaves it out; the order is that in which they are offered.
    public mutating func toggle(_ policy: Policy.Kind) {
        policies = Policy.Kind.allCases.filter { policies.contains($0) != ($0 == policy) }
    }

    /// Puts a step count in or leaves it out, ascending.
    public mutating func toggle(steps count: Int) {
        steps = Set(steps).symmetricDifference([count]).sorted()
    }
}

extension BenchmarkPlan {
    func cases(_ bundle: ModelBundle) -> [BenchmarkCase] {
        BenchmarkCase.cases(policies, steps: steps, in: bundle)
    }
}
