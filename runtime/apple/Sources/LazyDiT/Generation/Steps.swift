import Foundation

/// The steps of a generation, see ``LazyDiT/LazyDiT/generate(_:)``.
public struct Steps: AsyncSequence, Sendable {
    public typealias Element = Step

    let bundle: ModelBundle
    let programs: any Executor
    let request: Request

    /// Begins a generation.
    public func makeAsyncIterator() -> Iterator {
        Iterator(steps: start().makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        private var steps: AsyncThrowingStream<Step, any Error>.Iterator
        private var isDone = false

        init(steps: AsyncThrowingStream<Step, any Error>.Iterator) {
            self.steps = steps
        }

        public mutating func next() async throws -> Step? {
            let step = try await steps.next()
            if case .done = step { isDone = true }
            // A cancelled stream ends as if all had been said.
            if step == nil && !isDone { try Task.checkCancellation() }
            return step
        }
    }

    private func start() -> AsyncThrowingStream<Step, any Error> {
        AsyncThrowingStream { steps in
            let cancellation = Cancellation()
            steps.onTermination = { _ in cancellation.cancel() }
            DispatchQueue.global(qos: .userInitiated).async {
                steps.finish(
                    throwing: failure {
                        let result = try draw(cancellation) { steps.yield(.progress($0)) }
                        steps.yield(.done(result))
                    })
            }
        }
    }

    private func draw(
        _ cancellation: Cancellation, onStep: (Step.Progress) -> Void
    ) throws -> GenerationResult {
        let setting = try Setting(request, of: bundle)
        let generation = try CoreGeneration(setting, of: bundle)
        try cancellation.watch(generation)
        defer { cancellation.forget() }
        try generation.run(request, setting, on: programs, of: bundle, onStep: onStep)
        return generation.result(request, setting, of: bundle)
    }
}

/// What `work` throws.
private func failure(of work: () throws -> Void) -> (any Error)? {
    do {
        try work()
        return nil
    } catch {
        return error
    }
}
