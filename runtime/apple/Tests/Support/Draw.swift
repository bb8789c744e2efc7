import LazyDiT

extension LazyDiT {
    /// The whole generation.
    public func draw(_ request: Request, onStep: (Step.Progress) -> Void = { _ in }) async throws -> GenerationResult? {
        var result: GenerationResult?
        for try await step in generate(request) {
            switch step {
            case .progress(let progress): onStep(progress)
            case .done(let done): result = done
            }
        }
        return result
    }
}
