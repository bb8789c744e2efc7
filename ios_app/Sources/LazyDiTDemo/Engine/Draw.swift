import LazyDiT

extension LazyDiT {
    /// One image; `onStep` is called after every step.
    @MainActor
    func draw(
        _ request: Request, onStep: @MainActor (Step.Progress) -> Void = { _ in }
    ) async throws -> GenerationResult {
        for try await step in generate(request) {
            switch step {
            case .progress(let progress): onStep(progress)
            case .done(let result): return result
            }
        }
        throw CancellationError()
    }
}
