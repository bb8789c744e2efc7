import Testing

@testable import LazyDiT
@testable import LazyDiTDemo

@Suite struct SpeedTests {
    private let speed = Speed(runMs: 2, reuseMs: 0.25, restMs: 4)

    @Test func anImageTakesItsStepsItsRunsAndItsReuses() {
        #expect(speed.imageMs(steps: 10, modules: 24, lazyRatio: 0) == 520)
        #expect(speed.imageMs(steps: 10, modules: 24, lazyRatio: 0.5) == 310)
    }

    @Test func asManyStepsOfPlainDDIMAsTakeAsLongButOneAtLeastAndNotMoreThanTheImageHad() {
        #expect([1, 310, 9e9].map { speed.plainSteps($0, modules: 24, most: 10) } == [1, 6, 10])
    }

    @Test func isMeasuredByMediansOfRunsReusesAndTheRestOfASteps() {
        // Two steps of one block without guidance: runs of 3 and 5, then a run of 4 and a reuse of 1.
        let trace = Trace(
            timesteps: [1, 0], modules: ["block_0_attn", "block_0_mlp"], scores: [[[nil, nil]], [[nil, nil]]],
            ran: [[[true, true]], [[true, false]]], extrapolated: [[[false, false]], [[false, false]]],
            moduleMs: [[[3, 5]], [[4, 1]]])
        let timings = Timings.made(conditionMs: 6, decodeMs: 2, stepMs: [10, 8])
        // The rests of the steps are 2 and 3; condition and decode add 8 in two steps.
        #expect(Speed.measured(trace, timings) == Speed(runMs: 4, reuseMs: 1, restMs: 6.5))
    }

    @Test func whereNothingWasReusedTheTimeOfAReuseIsKept() {
        let trace = Trace.made(steps: 2, blocks: 1) { _, _ in true }
        let timings = Timings.made(conditionMs: 0, decodeMs: 0, stepMs: [5, 5])
        #expect(Speed.measured(trace, timings, reuseMs: 0.5) == Speed(runMs: 1, reuseMs: 0.5, restMs: 1))
    }
}
