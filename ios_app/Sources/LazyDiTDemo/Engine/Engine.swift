import Foundation
import LazyDiT

/// Opens a bundle when it is first needed and keeps it open; whoever uses it has it alone until done.
@MainActor
public final class Engine {
    private let bundles: Bundles
    private let executor: any ExecutorFactory
    private let freeMemory: @MainActor () -> Int?
    private let turn = Turn()
    private var open: LazyDiT?

    /// `freeMemory` gives the bytes that the app may still take, nil where nobody tells.
    public init(
        bundles: Bundles, executor: any ExecutorFactory,
        freeMemory: @escaping @MainActor () -> Int? = { nil }
    ) {
        self.bundles = bundles
        self.executor = executor
        self.freeMemory = freeMemory
    }

    /// Runs `work` with the bundle called `name`, nil for the newest that was copied, or else the app's own.
    ///
    /// `onOpening` is told the share of the opening that is done, 0 to 1, by engines that are slow. Throws ``ProblemError``
    /// where there is no bundle to work with, or too little memory for it.
    func use<Value: Sendable>(
        _ name: String? = nil, onOpening: @escaping @MainActor (Double) -> Void = { _ in },
        work: @MainActor (LazyDiT) async throws -> Value
    ) async throws -> Value {
        try await turn.take()
        defer { turn.giveBack() }
        return try await work(opened(name, onOpening))
    }

    private func opened(_ name: String?, _ onOpening: @escaping @MainActor (Double) -> Void) async throws -> LazyDiT {
        let directory = try bundles.find(name)
        if let open, open.bundle.directory == directory { return open }
        open = nil
        try checkMemory(directory)
        do {
            let opened = try await LazyDiT(bundle: directory, options: Options(executor: executor)) { done, total in
                Task { @MainActor in onOpening(Double(done) / Double(total)) }
            }
            open = opened
            return opened
        } catch let failure as LazyDiTError {
            throw ProblemError(.badBundle(sentence: failure.sentence))
        }
    }

    /// The weights are in memory once at least.
    private func checkMemory(_ directory: URL) throws {
        guard let free = freeMemory() else { return }
        let needed = try bytes(in: directory)
        if free < needed { throw ProblemError(.notEnoughMemory(neededBytes: needed, freeBytes: free)) }
    }

    private func bytes(in directory: URL) throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: directory.path).reduce(0) { sum, path in
            let file = directory.appendingPathComponent(path)
            let values = try file.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
            return sum + (values.isRegularFile == true ? values.fileSize ?? 0 : 0)
        }
    }
}
