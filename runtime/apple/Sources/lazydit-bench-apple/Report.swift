import Foundation
import LazyDiT
import LazyDiTBenchmark

/// What lazydit-bench prints, measured through the Swift package.
struct Report: Encodable, Sendable {
    let machine: String
    let cpus: Int
    let system: String
    let model: String
    let target: String
    let precision: String
    let executor: String
    /// Nil where the engine decides.
    let threads: Int?
    let rounds: Int
    let verifyMs: Double
    let loadColdMs: Double
    let loadWarmMs: Double
    /// Of the process; nil where the system does not tell.
    let peakMemoryBytes: Int?
    let rows: [BenchmarkRow]

    enum CodingKeys: String, CodingKey {
        case machine, cpus, system, model, target, precision, executor, threads, rounds, rows
        case verifyMs = "verify_ms"
        case loadColdMs = "load_cold_ms"
        case loadWarmMs = "load_warm_ms"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    /// Times the loading and all cases.
    ///
    /// Throws ``UseError``, ``LazyDiTError`` or, once the task is cancelled, `CancellationError`.
    static func measured(_ options: BenchOptions) async throws -> Report {
        let factory = try options.factory()
        let (bundle, verifyMs) = try await timed { try ModelBundle(directory: options.bundleFolder) }
        try Task.checkCancellation()
        let load = { try await LazyDiT(bundle, options: Options(executor: factory)) }
        let (_, coldMs) = try await timed { _ = try await load() }
        let (lazydit, warmMs) = try await timed { try await load() }
        try Task.checkCancellation()
        let cases = BenchmarkCase.cases(options.policies, steps: options.steps, in: bundle)
        let all = try await measure(lazydit, cases, rounds: options.rounds)
        let system = SystemNames.current
        return Report(
            machine: system.machine, cpus: ProcessInfo.processInfo.activeProcessorCount,
            system: "\(system.name) \(system.release)",
            model: bundle.name, target: bundle.target, precision: bundle.precision, executor: lazydit.executor,
            threads: options.threads, rounds: options.rounds, verifyMs: verifyMs, loadColdMs: coldMs,
            loadWarmMs: warmMs, peakMemoryBytes: ProcessMemory.peak(),
            rows: BenchmarkRow.rows(
                all, engine: lazydit.executor, precision: bundle.precision, threads: options.threads))
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(machine, forKey: .machine)
        try container.encode(cpus, forKey: .cpus)
        try container.encode(system, forKey: .system)
        try container.encode(model, forKey: .model)
        try container.encode(target, forKey: .target)
        try container.encode(precision, forKey: .precision)
        try container.encode(executor, forKey: .executor)
        try container.encode(threads, forKey: .threads)
        try container.encode(rounds, forKey: .rounds)
        try container.encode(verifyMs, forKey: .verifyMs)
        try container.encode(loadColdMs, forKey: .loadColdMs)
        try container.encode(loadWarmMs, forKey: .loadWarmMs)
        try container.encode(peakMemoryBytes, forKey: .peakMemoryBytes)
        try container.encode(rows, forKey: .rows)
    }
}
