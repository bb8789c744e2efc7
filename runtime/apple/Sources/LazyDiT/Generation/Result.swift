extension LazyDiT {
    /// Generates one image and waits for it; `onStep` is called after every step, where the caller runs.
    ///
    /// Cancelling and errors are those of ``generate(_:)``.
    public func result(
        of request: Request, isolation: isolated (any Actor)? = #isolation,
        onStep: (Step.Progress) -> Void = { _ in }
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
