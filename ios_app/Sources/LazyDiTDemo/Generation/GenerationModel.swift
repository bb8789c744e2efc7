import LazyDiT

/// What happens on the screen that draws, without its views.
@MainActor
public final class GenerationModel {
    public let state = Watched(GenerationState())
    private let engine: Engine
    private let store: GenerationStore
    private var job: Task<Void, Never>?

    /// Begins with the choice that was kept.
    public init(engine: Engine, store: GenerationStore) {
        self.engine = engine
        self.store = store
        if let choice = store.choice { state.change { $0.choice = choice } }
    }

    /// Opens the bundle, and measures the device if need be.
    public func open() {
        work { lazydit, facts in
            let speed =
                if let kept = self.store.speed(of: facts) { kept } else { try await self.measure(lazydit, facts) }
            self.state.change { $0.speed = speed }
        }
    }

    /// What a screen does whenever it appears: a drawing that is there stays.
    public func openOnce() {
        if state.value.facts == nil { open() }
    }

    public func choose(_ change: (inout Choice) -> Void) {
        state.change { change(&$0.choice) }
        store.choice = state.value.choice
    }

    public func chooseNewSeed() {
        choose { $0.seed = .random(in: 0..<Self.newSeeds) }
    }

    /// The label, of classes that are typed and not picked; what the bundle does not have becomes its nearest.
    public func chooseLabel(_ typed: UInt64) {
        guard let facts = state.value.facts else { return }
        choose {
            $0.label = Int(clamping: typed)
            $0 = $0.within(facts)
        }
    }

    /// A place of the laziness slider.
    public func choosePlace(_ place: Int) {
        guard let places = state.value.facts?.scale(steps: state.value.choice.steps).places else { return }
        choose { $0.lazyRatio = places[place] }
    }

    /// Shows the score of a cell of the map.
    public func select(_ cell: Cell) {
        state.change { $0.drawing?.selected = cell }
    }

    /// Draws what is chosen, and then the same seed under plain DDIM in as much time.
    public func generate() {
        work { try await self.draw($0, $1) }
    }

    public func cancel() {
        job?.cancel()
    }

    private func work(_ task: @escaping @MainActor (LazyDiT, BundleFacts) async throws -> Void) {
        if state.value.work.isUnderWay { return }
        state.change {
            $0.work = .loading
            $0.problem = nil
        }
        job = Task {
            do {
                try await engine.use(onOpening: preparing) { lazydit in
                    let facts = BundleFacts(lazydit.bundle)
                    state.change {
                        $0.facts = facts
                        $0.choice = $0.choice.within(facts)
                    }
                    try await task(lazydit, facts)
                }
                state.change { $0.work = .idle }
            } catch is CancellationError {
                state.change { $0.work = .cancelled }
            } catch {
                state.change {
                    $0.work = .idle
                    $0.problem = Problem(error)
                }
            }
        }
    }

    private func measure(_ lazydit: LazyDiT, _ facts: BundleFacts) async throws -> Speed {
        state.change { $0.work = .measuring }
        let request = Request(label: 0, steps: Self.measuredSteps, policy: .everyN())
        // The first generation of a process also pays for what is made on first use.
        _ = try await lazydit.result(of: request)
        let result = try await lazydit.result(of: request)
        let speed = Speed.measured(result.trace, result.timings)
        store.keep(speed, of: facts)
        return speed
    }

    private func draw(_ lazydit: LazyDiT, _ facts: BundleFacts) async throws {
        let choice = state.value.choice
        state.change { $0.drawing = nil }
        let result = try await lazydit.result(of: choice.request(facts)) { running($0, comparison: false) }
        let speed = state.value.speed?.updated(result) ?? .measured(result.trace, result.timings)
        store.keep(speed, of: facts)
        state.change {
            $0.speed = speed
            $0.drawing = Drawing(policy: choice.policy, result: result)
        }
        if state.value.drawing?.isCompared == false { return }
        let modules = facts.modulesPerStep
        let typicalMs = speed.imageMs(steps: result.steps, modules: modules, lazyRatio: result.lazyRatio)
        let steps = speed.plainSteps(typicalMs, modules: modules, most: result.steps)
        let plain = Request(label: choice.label, seed: choice.seed, steps: steps, policy: .always)
        let comparison = try await lazydit.result(of: plain) { running($0, comparison: true) }
        state.change { $0.drawing?.plain = comparison }
    }

    /// Said from another task, so that it may come when that is over.
    private func preparing(_ share: Double) {
        switch state.value.work {
        case .loading, .preparing: state.change { $0.work = .preparing(share: share) }
        default: break
        }
    }

    private func running(_ progress: Step.Progress, comparison: Bool) {
        state.change { $0.work = .running(step: progress.step + 1, steps: progress.steps, comparison: comparison) }
    }

    private static let measuredSteps = 4
    private static let newSeeds: UInt64 = 100_000
}
