import LazyDiT
import LazyDiTBenchmark

/// How fast this device is with a bundle.
public struct Speed: Codable, Equatable, Sendable {
    /// Of one module that runs, for one sample.
    public let runMs: Double
    /// Of one module that is reused, for one sample.
    public let reuseMs: Double
    /// Of one step, everything outside the modules.
    public let restMs: Double

    /// Time of an image of which `modules` modules a step, counted over all samples, are reached.
    public func imageMs(steps: Int, modules: Int, lazyRatio: Double) -> Double {
        Double(steps) * (restMs + Double(modules) * (lazyRatio * reuseMs + (1 - lazyRatio) * runMs))
    }

    /// How many steps of plain DDIM take `imageMs`, as near as can be, from 1 to `most`.
    func plainSteps(_ imageMs: Double, modules: Int, most: Int) -> Int {
        let steps = imageMs / self.imageMs(steps: 1, modules: modules, lazyRatio: 0)
        return Int(min(max(steps.rounded(), 1), Double(most)))
    }

    /// With what `result` has shown of it.
    func updated(_ result: GenerationResult) -> Speed {
        .measured(result.trace, result.timings, reuseMs: reuseMs)
    }

    /// From a generation that reused something, or with `reuseMs` for one that did not. Medians: a short spell in which
    /// the device did something else should not count.
    static func measured(_ trace: Trace, _ timings: Timings, reuseMs: Double = 0) -> Speed {
        let steps = timings.stepMs.count
        let cells = zip(trace.ran.joined().joined(), trace.moduleMs.joined().joined())
        let reuses = cells.filter { !$0.0 }.map(\.1)
        let rest = zip(timings.stepMs, trace.moduleMs).map { step, modules in step - modules.joined().reduce(0, +) }
        return Speed(
            runMs: median(cells.filter(\.0).map(\.1)),
            reuseMs: reuses.isEmpty ? reuseMs : median(reuses),
            restMs: median(rest) + (timings.conditionMs + timings.decodeMs) / Double(steps))
    }
}
