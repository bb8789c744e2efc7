import Foundation

/// A value that changes, and whose changes can be followed by a view or a test.
///
/// In place of `@Observable`: a screen shows all of its state at once, and Swift's Observation does not link on every
/// system on which this module is tested.
@MainActor
public final class Watched<Value: Sendable> {
    public private(set) var value: Value
    private var watchers: [UUID: AsyncStream<Value>.Continuation] = [:]

    init(_ value: Value) {
        self.value = value
    }

    func change(_ change: (inout Value) -> Void) {
        change(&value)
        for watcher in watchers.values { watcher.yield(value) }
    }

    /// The value now and after every change; who is slow misses all but the newest.
    public func values() -> AsyncStream<Value> {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingNewest(1))
        let watcher = UUID()
        watchers[watcher] = continuation
        continuation.onTermination = { [weak self] _ in
            Task { @MainActor in self?.watchers[watcher] = nil }
        }
        continuation.yield(value)
        return stream
    }
}
