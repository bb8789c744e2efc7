import LazyDiT

/// What to measure: every policy with every step count, `rounds` images each.
public struct BenchmarkPlan: Equatable, Sendable {
    public var policies: [PolicyChoice] = [.always, .lazy, .everyN]
    public var steps = [10, 20]
    public var rounds = 10

    /// What the screen offers.
    public static let roundCounts = [3, 10, 20, 50]

    /// Puts a policy in or leaves it out; the order is that in which they are offered.
    public mutating func toggle(_ policy: PolicyChoice) {
        policies = PolicyChoice.allCases.filter { policies.contains($0) != ($0 == policy) }
    }

    /// Puts a step count in or leaves it out, ascending.
    public mutating func toggle(steps count: Int) {
        steps = Set(steps).symmetricDifference([count]).sorted()
    }
}

struct BenchmarkCase: Equatable, Sendable {
    /// The policy's, with its gate set's if it has one.
    let name: String
    let policy: Policy
    let steps: Int

    var isPlain: Bool { policy == .always }

    static func always(_ steps: Int) -> BenchmarkCase {
        BenchmarkCase(name: Policy.always.name, policy: .always, steps: steps)
    }
}

extension BenchmarkPlan {
    /// As in lazydit-bench: lazy is every gate set of the step count, and plain DDIM is always there, with half as many
    /// steps too, to tell how many of its steps take as long as another policy's.
    func cases(_ bundle: ModelBundle) -> [BenchmarkCase] {
        steps.reduce(into: []) { cases, steps in
            let asked = policies.flatMap { Self.cases($0, steps, bundle) }
            for wanted in asked + [.always(steps), .always(max(1, steps / 2))] where !cases.contains(wanted) {
                cases.append(wanted)
            }
        }
    }

    private static func cases(_ policy: PolicyChoice, _ steps: Int, _ bundle: ModelBundle) -> [BenchmarkCase] {
        switch policy {
        case .always:
            [.always(steps)]
        case .everyN:
            [BenchmarkCase(name: policy.rawValue, policy: .everyN(), steps: steps)]
        case .schedule:
            [BenchmarkCase(name: policy.rawValue, policy: .schedule(), steps: steps)]
        case .lazy:
            bundle.gateSets.filter { $0.steps == steps }.map {
                BenchmarkCase(name: "\(policy.rawValue) \($0.name)", policy: .lazy(gates: $0.name), steps: steps)
            }
        }
    }
}
