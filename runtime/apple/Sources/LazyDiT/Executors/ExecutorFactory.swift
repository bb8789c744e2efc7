/// Opens bundles on one engine: what ``Options`` name.
public protocol ExecutorFactory: Sendable {
    /// Such as `coreml`; results and benchmarks name it.
    var name: String { get }

    /// Loads the programs of a bundle whose files have been checked.
    ///
    /// Throws ``LazyDiTError/executorUnavailable(_:)`` where the engine cannot run such a bundle.
    func open(_ bundle: ModelBundle) async throws -> any Executor
}
