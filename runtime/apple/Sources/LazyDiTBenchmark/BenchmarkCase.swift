import LazyDiT

/// A policy at a step count, to be timed.
public struct BenchmarkCase: Equatable, Sendable {
    /// The policy's, with its gate set's if it has one.
    public let name: String
    public let policy: Policy
    public let steps: Int

    var isPlain: Bool { policy == .always }

    /// Plain DDIM.
    public static func always(_ steps: Int) -> BenchmarkCase {
        BenchmarkCase(.always, steps)
    }

    private init(_ policy: Policy, _ steps: Int, gates: String? = nil) {
        name = gates.map { "\(policy.name) \($0)" } ?? policy.name
        self.policy = policy
        self.steps = steps
    }
}

extension BenchmarkCase {
    /// The policies at the step counts, as lazydit-bench takes them: lazy is every gate set of the step count, and plain DDIM
    /// is always there, with half as many steps too, to tell how many of its steps take as long as another policy's.
    public static func cases(
        _ policies: [Policy.Kind], steps counts: [Int], in bundle: ModelBundle
    ) -> [BenchmarkCase] {
        counts.reduce(into: []) { cases, steps in
            let asked = policies.flatMap { Self.cases($0, steps, bundle) }
            for wanted in asked + [.always(steps), .always(max(1, steps / 2))] where !cases.contains(wanted) {
                cases.append(wanted)
            }
        }
    }

    private static func cases(_ policy: Policy.Kind, _ steps: Int, _ bundle: ModelBundle) -> [BenchmarkCase] {
        switch policy {
        case .always: [.always(steps)]
        case .everyN: [BenchmarkCase(.everyN(), steps)]
        case .schedule: [BenchmarkCase(.schedule(), steps)]
        case .lazy:
            bundle.gateSets.filter { $0.steps == steps }
                .map { BenchmarkCase(.lazy(gates: $0.name), steps, gates: $0.name) }
        }
    }
}
