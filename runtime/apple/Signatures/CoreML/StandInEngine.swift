import Dispatch
import Foundation

/// What stands behind the signatures in tests. Core ML has no such thing.
public protocol StandInEngine: Sendable {
    /// Where the compiled model of a package was put.
    func compile(_ package: URL) async throws -> URL
    func load(_ compiled: URL, _ configuration: MLModelConfiguration) throws -> any StandInFunction
}

/// A loaded function.
public protocol StandInFunction: AnyObject {
    var description: MLModelDescription { get }
    func predict(_ input: any MLFeatureProvider, _ options: MLPredictionOptions) throws -> any MLFeatureProvider
}

/// The engine of the test that runs, and the memory pressure of its machine.
public enum StandIn {
    private static let lock = NSLock()
    private nonisolated(unsafe) static var current: (any StandInEngine)?
    private nonisolated(unsafe) static var sources: [WeakSource] = []

    public static var engine: (any StandInEngine)? {
        get { lock.withLock { current } }
        set {
            // What it held is let go of without the lock.
            let old = lock.withLock {
                defer { current = newValue }
                return current
            }
            withExtendedLifetime(old) {}
        }
    }

    /// Tells all who listen.
    public static func raiseMemoryPressure() {
        for one in lock.withLock({ sources }) { one.source?.add(data: 1) }
    }

    static func required() throws -> any StandInEngine {
        guard let engine else { throw CocoaError(.featureUnsupported) }
        return engine
    }

    static func listen(_ source: DispatchSource) {
        lock.withLock { sources = sources.filter { $0.source != nil } + [WeakSource(source: source)] }
    }

    private struct WeakSource {
        weak var source: DispatchSource?
    }
}
