import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CancellationTests {
    /// At every program of a generation: no image, no further program, and the next generation is whole.
    @Test func cancellingATaskStopsBeforeTheNextProgram() async throws {
        let request = Request(label: 1, seed: 3, steps: 2, policy: .always)
        let whole = try #require(try await Fixtures.tiny().draw(request))
        for last in 0..<programs(of: whole) {
            let task = Locked<Task<GenerationResult?, any Error>?>(nil)
            let ended = Locked(false)
            let calls = Locked(0)
            let lazyDiT = try await Fixtures.tiny(
                SwiftExecutorFactory(before: { _, call in
                    calls.withLock { $0 += 1 }
                    guard call == last else { return }
                    while task.withLock({ $0 }) == nil { Thread.sleep(forTimeInterval: 1e-4) }
                    task.withLock { $0 }?.cancel()
                    // The cancellation reaches the generation by way of the task, which does not wait for this program.
                    while !ended.withLock({ $0 }) { Thread.sleep(forTimeInterval: 1e-4) }
                }))
            task.withLock {
                $0 = Task {
                    defer { ended.withLock { $0 = true } }
                    return try await lazyDiT.draw(request)
                }
            }
            let running = try #require(task.withLock { $0 })
            await #expect(throws: CancellationError.self) { try await running.value }
            #expect(calls.withLock { $0 } == last + 1)
            #expect(try await lazyDiT.draw(request)?.latent == whole.latent)
        }
    }

    @Test func leavingTheLoopStopsTheGeneration() async throws {
        let calls = Locked(0)
        let lazyDiT = try await Fixtures.tiny(SwiftExecutorFactory(before: { _, _ in calls.withLock { $0 += 1 } }))
        for try await _ in lazyDiT.generate(Request(label: 0, steps: 500, policy: .always)) { break }
        let after = calls.withLock { $0 }
        let whole = try #require(try await lazyDiT.draw(Request(label: 0, steps: 2, policy: .always)))
        #expect(calls.withLock { $0 } - after < 10 * programs(of: whole))
    }

    @Test func aTaskThatIsCancelledBeforehandRunsNothing() async throws {
        let calls = Locked(0)
        let lazyDiT = try await Fixtures.tiny(SwiftExecutorFactory(before: { _, _ in calls.withLock { $0 += 1 } }))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await lazyDiT.draw(Request(label: 0, steps: 500))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(calls.withLock { $0 } < 50)
    }

    /// Of a run of everything: condition per sample, embed per step, modules and final per step and sample.
    private func programs(of result: GenerationResult) -> Int {
        let samples = result.trace.ran[0].count
        return samples + result.steps * (1 + samples * (result.trace.modules.count + 1))
    }
}
