import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

@Suite struct GenerationTests {
    private struct Broken: Error, Equatable {}

    @Test func everyStepIsToldThenTheResult() async throws {
        let lazyDiT = try await Fixtures.tiny()
        var told: [Step.Progress] = []
        let result = try #require(
            try await lazyDiT.draw(Request(label: 1, steps: 5, policy: .everyN())) { told.append($0) })
        #expect(told.map(\.step) == [0, 1, 2, 3, 4])
        #expect(told.allSatisfy { $0.steps == 5 && $0.stepMs > 0 && $0.reached == 2 * lazyDiT.bundle.modules.count })
        #expect(told.map { $0.reused == $0.reached } == [false, true, false, true, false])
        #expect(told.map { $0.reused }.reduce(0, +) == result.trace.ran.joined().joined().count { !$0 })
    }

    @Test func iteratingAgainGeneratesAgain() async throws {
        let steps = try await Fixtures.tiny().generate(Request(label: 3, seed: 8, steps: 3, policy: .always))
        var latents: [[Float]] = []
        for _ in 0..<2 {
            for try await case .done(let result) in steps { latents.append(result.latent) }
        }
        #expect(latents.count == 2 && latents[0] == latents[1])
    }

    @Test func programsRunInSwiftAsInTheCore() async throws {
        let executor = Locked<SwiftExecutor?>(nil)
        let factory = SwiftExecutorFactory(opened: { opened in executor.withLock { $0 = opened } })
        let request = Request(label: 2, seed: 5, steps: 4, policy: .everyN(2, extrapolate: true))
        let inSwift = try await Fixtures.tiny(factory).draw(request)
        let inCore = try await Fixtures.tiny().draw(request)
        #expect(inSwift?.latent == inCore?.latent)
        let done = executor.withLock { $0!.done.withLock { $0 } }
        #expect(done == ["condition"])
    }

    @Test func whatAnExecutorThrowsArrivesUnchanged() async throws {
        let lazyDiT = try await Fixtures.tiny(SwiftExecutorFactory(before: { if $1 == 9 { throw Broken() } }))
        await #expect(throws: Broken()) { try await lazyDiT.draw(Request(label: 0)) }
    }

    @Test func impossibleRequestsAreASentenceAndNothingRuns() async throws {
        let calls = Locked(0)
        let lazyDiT = try await Fixtures.tiny(SwiftExecutorFactory(before: { _, _ in calls.withLock { $0 += 1 } }))
        await #expect(throws: LazyDiTError.self) { try await lazyDiT.draw(Request(label: 99)) }
        #expect(throws: LazyDiTError.self) { try lazyDiT.memory(for: Request(label: 0, steps: 0)) }
        #expect(calls.withLock { $0 } == 0)
    }

    @Test func severalGenerationsAtOnceAreEachWhatTheyAreAlone() async throws {
        let lazyDiT = try await Fixtures.tiny()
        let requests = (0..<8).map { Request(label: $0 % 4, seed: UInt64($0), policy: $0 % 2 == 0 ? .lazy() : .always) }
        let together = try await withThrowingTaskGroup(of: (Int, [Float]?).self) { group in
            for (number, request) in requests.enumerated() {
                group.addTask { (number, try await lazyDiT.draw(request)?.latent) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (number, request) in requests.enumerated() {
            #expect(try await lazyDiT.draw(request)?.latent == together[number])
        }
    }

    @Test func theEngineOutlivesThePipelineUntilItsGenerationsHaveEnded() async throws {
        let opened = Locked<() -> SwiftExecutor?>({ nil })
        let factory = SwiftExecutorFactory(opened: { executor in
            opened.withLock { $0 = { [weak executor] in executor } }
        })
        var steps = try await Fixtures.tiny(factory).generate(Request(label: 0, steps: 2, policy: .always)) as Steps?
        #expect(opened.withLock { $0() } != nil)
        var count = 0
        for try await _ in try #require(steps) { count += 1 }
        #expect(count == 3)
        steps = nil
        // The generation's thread may still be on its way out.
        for _ in 0..<3000 where opened.withLock({ $0() }) != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(opened.withLock { $0() } == nil)
    }

    @Test func numbersBeyondTheCoresAreTakenAsTheLargest() async throws {
        let lazyDiT = try await Fixtures.tiny()
        let result = try await lazyDiT.draw(Request(label: 0, steps: 3, policy: .everyN(.max, maxReuse: .atMost(.max))))
        #expect(result?.trace.ran.map { $0[0][0] } == [true, false, false])
    }
}
