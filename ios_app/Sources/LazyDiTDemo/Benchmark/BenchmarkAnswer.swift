import Foundation

extension BenchmarkModel {
    /// Carries out what the arguments that the app was launched with order, if they do.
    ///
    /// Leaves the report, or `{"failed": sentence}`, in the folder `benchmarks` of `documents`: whole or not at all, since
    /// the computer waits for the name. What cannot be said there is said on the screen.
    public func carryOut(_ arguments: [String], documents: URL, words: Words) async {
        let folder = documents.appendingPathComponent("benchmarks")
        do {
            try await carryOut(arguments, folder, words)
        } catch {
            show(error)
        }
    }

    private func carryOut(_ arguments: [String], _ folder: URL, _ words: Words) async throws {
        do {
            guard let order = try BenchmarkOrder(arguments: arguments) else { return }
            // The screen may be opening the bundle.
            await finished()
            choose { $0 = order.plan }
            start(bundle: order.bundle)
            await finished()
            if let report = state.value.report {
                try answer(report, as: order.out, in: folder)
            } else {
                let sentence = state.value.problem.map(words.problem) ?? words(.problemCancelled)
                try answer(["failed": sentence], as: order.out, in: folder)
            }
        } catch let refusal as BenchmarkOrderError {
            guard let out = refusal.out else { throw refusal }
            try answer(["failed": refusal.sentence], as: out, in: folder)
        }
    }

    private func answer(_ content: some Encodable, as name: String, in folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try JSONEncoder().encode(content).write(to: folder.appendingPathComponent(name), options: .atomic)
    }
}
