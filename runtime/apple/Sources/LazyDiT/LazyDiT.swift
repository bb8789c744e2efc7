import Foundation

/// A bundle and the executor that runs its programs.
///
/// Isolation: everything may be called from any task or thread, and several generations may run at the same time; each
/// has memory of its own (``memory(for:)``). Whether their programs then run at the same time is up to the executor. The
/// engine's memory is let go of with the last reference, once what is running has ended.
public final class LazyDiT: Sendable {
    /// What is run.
    public let bundle: ModelBundle
    /// The name of the executor.
    public let executor: String
    private let programs: any Executor

    /// Verifies the bundle in a folder and loads its programs into the engine that the options name.
    ///
    /// `progress` is told how many parts of the engine's loading are done, of how many, by engines that are slow. Throws
    /// ``LazyDiTError`` with one sentence when anything is wrong; nothing was run then.
    public convenience init(
        bundle directory: URL, options: Options, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws {
        let bundle = try await Self.aside { try ModelBundle(directory: directory) }
        try await self.init(bundle, options: options, progress: progress)
    }

    /// Loads the programs of a bundle that has been verified; else as ``init(bundle:options:progress:)``.
    public init(
        _ bundle: ModelBundle, options: Options, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws {
        self.bundle = bundle
        executor = options.executor.name
        programs = try await options.executor.open(bundle, progress: progress)
    }

    /// Generates one image each time it is iterated: a ``Step/progress(_:)`` per step, then ``Step/done(_:)``.
    ///
    /// Cancelling the task that iterates stops the generation before its next program, and the iteration throws
    /// `CancellationError`; there is no partial image. The work is done on a thread of its own and does not wait for a slow
    /// reader.
    ///
    /// The iteration throws ``LazyDiTError`` where the request is not possible with this bundle (nothing was run then), and
    /// what an executor threw, unchanged.
    public func generate(_ request: Request) -> Steps {
        Steps(bundle: bundle, programs: programs, request: request)
    }

    /// The bytes that such a generation will allocate, beside the engine's own; nothing is allocated.
    public func memory(for request: Request) throws -> Memory {
        try Setting(request, of: bundle).memory(in: bundle)
    }

    /// Runs what blocks on a thread that no task waits for.
    private static func aside<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
