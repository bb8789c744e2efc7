import Foundation

/// Hands a cancellation, which may come at any time and from any thread, to the generation that runs.
final class Cancellation: @unchecked Sendable {
    private let lock = NSLock()
    private var cancelled = false
    private var generation: CoreGeneration?

    func cancel() {
        lock.withLock {
            cancelled = true
            generation?.cancel()
        }
    }

    /// Throws `CancellationError` where the cancellation came first.
    func watch(_ generation: CoreGeneration) throws {
        try lock.withLock {
            if cancelled { throw CancellationError() }
            self.generation = generation
        }
    }

    /// To be called before the generation is let go of.
    func forget() {
        lock.withLock { generation = nil }
    }
}
