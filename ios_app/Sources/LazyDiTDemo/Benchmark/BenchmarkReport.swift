import Foundation
import LazyDiT
import LazyDiTBenchmark

/// A finished benchmark; as JSON in the schema of benchmarks/latency.py: facts about the device and the run, and the rows.
public struct BenchmarkReport: Encodable, Sendable {
    public let rows: [BenchmarkRow]
    let device = "ios"
    let processor: String
    let machine: String
    let cpus: Int
    let system: String
    let model: String
    let checkpoint: String
    let guidance: Double
    let rounds: Int
    let executor: String
    let conditions: [RoundCondition]

    enum CodingKeys: String, CodingKey {
        case device, processor, machine, cpus, system, model, guidance, rounds, executor, conditions, rows
        case checkpoint = "checkpoint_sha256"
    }

    init(_ lazydit: LazyDiT, _ all: [Timed], conditions: [DeviceCondition], facts: DeviceFacts) {
        let bundle = lazydit.bundle
        rows = BenchmarkRow.rows(all, engine: lazydit.executor, precision: bundle.precision)
        processor = facts.processor
        machine = facts.machine
        cpus = facts.cpus
        system = facts.system
        model = bundle.name
        checkpoint = bundle.checkpointSHA256
        guidance = bundle.defaultGuidance
        rounds = conditions.count
        executor = lazydit.executor
        self.conditions = conditions.enumerated().map { RoundCondition(round: $0, condition: $1) }
    }

    /// Of the last round.
    public var condition: DeviceCondition? { conditions.last?.condition }

    /// The report as a file to share.
    func write(to folder: URL) throws -> URL {
        let file = folder.appendingPathComponent("lazydit-benchmark.json")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: file, options: .atomic)
        return file
    }
}
