import LazyDiTCore

/// A generation of the core. It belongs to one thread at a time, but for ``cancel()``.
final class CoreGeneration: @unchecked Sendable {
    let handle: OpaquePointer

    /// Checks everything and allocates everything.
    init(_ setting: Setting, of bundle: ModelBundle) throws {
        var handle: OpaquePointer?
        try bundle.withCoreModel { model in
            try setting.withCorePlan(of: bundle) { plan in
                try checked { lazydit_generation_plan(model, plan, &handle, $0) }
            }
        }
        self.handle = handle!
    }

    deinit {
        lazydit_generation_free(handle)
    }

    /// Stops a run before its next program, from any thread.
    func cancel() {
        lazydit_generation_cancel(handle)
    }

    /// Throws `CancellationError` after ``cancel()``, and what the executor threw.
    func run(
        _ request: Request, _ setting: Setting, on executor: any Executor, of bundle: ModelBundle,
        onStep: (Step.Progress) -> Void
    ) throws {
        executor.generationBegan()
        defer { executor.generationEnded() }
        let bridge = ExecutorBridge(executor, programs: bundle.programs.map(\.name))
        try withExtendedLifetime((bridge, executor)) {
            var core = executor.coreExecutor?.pointee ?? bridge.core
            do {
                try run(request, setting, on: &core, onStep: onStep)
            } catch let failure as LazyDiTError {
                throw bridge.thrown ?? failure
            }
        }
    }

    private func run(
        _ request: Request, _ setting: Setting, on executor: UnsafePointer<lazydit_executor>,
        onStep: (Step.Progress) -> Void
    ) throws {
        try withoutActuallyEscaping(onStep) { onStep in
            let listener = StepListener(onStep: onStep)
            try (request.noise ?? []).withUnsafeBufferPointer { noise in
                var core = lazydit_request()
                core.label = Int64(request.label)
                core.seed = request.seed
                core.noise = request.noise == nil ? nil : noise.baseAddress
                core.guidance = setting.guidance
                core.on_step = { user, step in
                    Unmanaged<StepListener>.fromOpaque(user!).takeUnretainedValue().onStep(Step.Progress(step!.pointee))
                    return 0
                }
                core.user = Unmanaged.passUnretained(listener).toOpaque()
                try withExtendedLifetime(listener) {
                    try checked { lazydit_generation_run(handle, &core, executor, $0) }
                }
            }
        }
    }
}

private final class StepListener {
    let onStep: (Step.Progress) -> Void

    init(onStep: @escaping (Step.Progress) -> Void) {
        self.onStep = onStep
    }
}

extension Step.Progress {
    fileprivate init(_ step: lazydit_step) {
        self.init(
            step: Int(step.step), steps: Int(step.steps), reached: Int(step.reached), reused: Int(step.reused),
            stepMs: step.step_ms)
    }
}
