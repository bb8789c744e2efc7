import LazyDiTCore

/// Runs the programs of one bundle on one engine. It never sees steps, gates or caches.
///
/// Generations may call from several threads at the same time. What ``run(_:inputs:outputs:)`` throws ends the
/// generation and reaches the caller of ``LazyDiT/LazyDiT/generate(_:)`` unchanged.
public protocol Executor: AnyObject, Sendable {
    /// Fills `outputs` with what the program called `program` makes of `inputs`, in the order of the manifest.
    ///
    /// The tensors are the scheduler's own memory, valid until this call returns: write in place and keep none of them.
    func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws

    /// A generation begins: its calls of ``run(_:inputs:outputs:)`` follow. Does nothing unless implemented.
    func generationBegan()

    /// A generation has ended, whatever the way; called once for every ``generationBegan()``. Does nothing unless
    /// implemented.
    func generationEnded()

    /// A generation runs `program` no more, so that its memory may be freed; others may run it still.
    ///
    /// Called for `condition`, whose weights are a third of the model. Does nothing unless implemented.
    func doneWith(_ program: String)

    /// A C `lazydit_executor` that is called in place of ``run(_:inputs:outputs:)``, without Swift between programs.
    ///
    /// Its programs are numbered as in ``ModelBundle/programs``. It has to stay valid as long as this object lives. Nil
    /// unless implemented.
    var coreExecutor: UnsafePointer<lazydit_executor>? { get }
}

extension Executor {
    public func generationBegan() {}
    public func generationEnded() {}
    public func doneWith(_ program: String) {}
    public var coreExecutor: UnsafePointer<lazydit_executor>? { nil }
}
