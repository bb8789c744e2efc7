@testable import LazyDiT

/// Traces and timings without an engine.
extension Trace {
    /// Of `steps` steps and `blocks` blocks, in which `ran` says what ran and every module took a millisecond.
    static func made(
        steps: Int, blocks: Int, samples: Int = 2, score: Double? = nil, ran: (_ step: Int, _ module: Int) -> Bool
    ) -> Trace {
        func cube<Value>(_ value: (_ step: Int, _ module: Int) -> Value) -> [[[Value]]] {
            (0..<steps).map { step in
                (0..<samples).map { _ in (0..<2 * blocks).map { value(step, $0) } }
            }
        }
        return Trace(
            timesteps: Array((0..<steps).reversed()),
            modules: (0..<blocks).flatMap { ["block_\($0)_attn", "block_\($0)_mlp"] },
            scores: cube { _, _ in score }, ran: cube(ran), extrapolated: cube { _, _ in false },
            moduleMs: cube { _, _ in 1 })
    }
}

extension Timings {
    static func made(
        totalMs: Double = 0, conditionMs: Double = 0, decodeMs: Double = 0, stepMs: [Double] = []
    ) -> Timings {
        Timings(
            totalMs: totalMs, conditionMs: conditionMs, embedMs: 0, attnMs: 0, mlpMs: 0, blockMs: 0, reuseMs: 0,
            finalMs: 0, decodeMs: decodeMs, schedulerMs: 0, stepMs: stepMs)
    }
}
