import Foundation
import LazyDiT
import LazyDiTBenchmark

/// Everything that the benchmark's screen shows; `progress` is nil while nothing runs.
public struct BenchmarkState: Sendable {
    public internal(set) var plan = BenchmarkPlan()
    public internal(set) var facts: BundleFacts?
    public internal(set) var progress: Progress?
    public internal(set) var report: BenchmarkReport?
    /// The report as a file to share.
    public internal(set) var file: URL?
    public internal(set) var problem: Problem?

    public var canStart: Bool { !plan.policies.isEmpty && !plan.steps.isEmpty }

    /// The step counts to choose from.
    public var stepCounts: [Int] { facts?.stepCounts ?? plan.steps }

    /// Of all images, the ones to warm up included; `images` is 0 until the bundle is open.
    public struct Progress: Equatable, Sendable {
        public let done: Int
        public let images: Int

        /// From 0 to 1; nil where nobody can tell.
        public var share: Double? { images == 0 ? nil : Double(done) / Double(images) }
    }
}

/// What happens on the benchmark's screen, without its views.
@MainActor
public final class BenchmarkModel {
    public let state = Watched(BenchmarkState())
    private let engine: Engine
    private let facts: DeviceFacts
    private let condition: @MainActor () -> DeviceCondition
    private var job: Task<Void, Never>?

    public init(engine: Engine, facts: DeviceFacts, condition: @escaping @MainActor () -> DeviceCondition) {
        self.engine = engine
        self.facts = facts
        self.condition = condition
    }

    public func open() {
        work(bundle: nil) { _ in }
    }

    /// What a screen does whenever it appears: a report that is there stays.
    public func openOnce() {
        if state.value.facts == nil { open() }
    }

    public func choose(_ change: (inout BenchmarkPlan) -> Void) {
        state.change { change(&$0.plan) }
    }

    /// With the bundle called `bundle`, nil for the one that the app uses by itself.
    public func start(bundle: String? = nil) {
        work(bundle: bundle) { try await self.measure($0) }
    }

    public func cancel() {
        job?.cancel()
    }

    func show(_ failure: any Error) {
        state.change { $0.problem = Problem(failure) }
    }

    /// Waits until nothing runs any more.
    func finished() async {
        await job?.value
    }

    private func work(bundle: String?, _ task: @escaping @MainActor (LazyDiT) async throws -> Void) {
        if state.value.progress != nil { return }
        state.change {
            $0.progress = BenchmarkState.Progress(done: 0, images: 0)
            $0.report = nil
            $0.file = nil
            $0.problem = nil
        }
        job = Task {
            var problem: Problem?
            do {
                try await engine.use(bundle) { lazydit in
                    state.change { $0.facts = BundleFacts(lazydit.bundle) }
                    try await task(lazydit)
                }
            } catch is CancellationError {
                // Asked for.
            } catch {
                problem = Problem(error)
            }
            state.change {
                $0.progress = nil
                $0.problem = problem
            }
        }
    }

    private func measure(_ lazydit: LazyDiT) async throws {
        if let problem = condition().problem { throw ProblemError(problem) }
        let plan = state.value.plan
        let cases = plan.cases(lazydit.bundle)
        let images = cases.count * (plan.rounds + 1)
        var conditions: [DeviceCondition] = []
        let all = try await LazyDiTBenchmark.measure(
            lazydit, cases, rounds: plan.rounds,
            onImage: { done in state.change { $0.progress = .init(done: done, images: images) } },
            onRound: { _ in conditions.append(condition()) })
        let report = BenchmarkReport(lazydit, all, conditions: conditions, facts: facts)
        let file = try report.write(to: FileManager.default.temporaryDirectory)
        state.change {
            $0.report = report
            $0.file = file
        }
    }
}
