/// Opens bundles on one engine: what ``Options`` name.
public protocol ExecutorFactory: Sendable {
    /// Such as `coreml`; results and benchmarks name it.
    var name: String { get }

    /// Loads the programs of a bundle whose files have been checked.
    ///
    /// `progress` is told how many parts are done, of how many; not at all by an engine that is quick.
    ///
    /// Throws ``LazyDiTError/executorUnavailable(_:)`` where the engine cannot run such a bundle.
    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor
}
