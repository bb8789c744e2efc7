import CoreML
import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

@testable import LazyDiTCoreML

extension CoreMLTests {
    /// Which programs are loaded, for which units, and when.
    @Suite struct ProgramMemoryTests {
        private let replay: Replay

        init() throws {
            replay = try Replay()
        }

        private func draw(_ lazyDiT: LazyDiT) async throws -> GenerationResult {
            try #require(try await lazyDiT.draw(replay.cases[0].request(in: replay.recorded)))
        }

        @Test func reusesAreComputedOnTheCPU() async throws {
            let engine = replay.use()
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            #expect(engine.computeUnits("reuse") == .cpuOnly)
            #expect(engine.computeUnits("extrapolate") == .cpuOnly)
            #expect(engine.computeUnits("embed") == .all)
        }

        @Test func conditionLeavesAndComesBack() async throws {
            let engine = replay.use()
            let lazyDiT = try await replay.open()
            _ = try await draw(lazyDiT)
            #expect(!engine.isLoaded("condition") && engine.isLoaded("embed"))
            _ = try await draw(lazyDiT)
            #expect(engine.loads("condition") == 2 && engine.loads("embed") == 1)
        }

        @Test func whatCannotBeLoadedAgainIsOneSentenceAndMayBeTriedAgain() async throws {
            let fails = Locked(false)
            let engine = replay.use(
                .init(loading: { _ in
                    if fails.withLock({ $0 }) { throw ReplayingEngine.Failure("no\nmemory") }
                }))
            let lazyDiT = try await replay.open()
            let first = try await draw(lazyDiT)
            fails.withLock { $0 = true }
            let sentence = await sentence { _ = try await draw(lazyDiT) }
            #expect(sentence == "Core ML cannot load program condition again (no memory): open the bundle again")
            fails.withLock { $0 = false }
            #expect(try await draw(lazyDiT).latent == first.latent)
            #expect(engine.loads("embed") == 1)
        }

        @Test func memoryWarningsWaitForTheEndOfAllGenerations() async throws {
            let engine = replay.use()
            let executor = try #require(try await replay.factory.open(replay.bundle) { _, _ in } as? CoreMLExecutor)
            executor.generationBegan()
            executor.generationBegan()
            executor.memoryIsShort()
            executor.generationEnded()
            #expect(engine.isLoaded("embed"))
            executor.generationEnded()
            #expect(!engine.isLoaded("embed") && !engine.isLoaded("final"))
        }

        @Test func memoryWarningsWithinAGenerationTakeEffectAtItsEnd() async throws {
            let opened = Locked<CoreMLExecutor?>(nil)
            let engine = replay.use(
                .init(running: { program in
                    if program == "embed" { opened.withLock { $0 }?.memoryIsShort() }
                }))
            let executor = try #require(try await replay.factory.open(replay.bundle) { _, _ in } as? CoreMLExecutor)
            opened.withLock { $0 = executor }
            let lazyDiT = try await LazyDiT(
                bundle: replay.bundle.directory, options: Options(executor: OpenedFactory(executor: executor)))
            let latent = try replay.cases[0].latent(in: replay.recorded)
            #expect(try await draw(lazyDiT).latent == latent)
            let programs = replay.bundle.programs.map(\.name)
            #expect(programs.filter { engine.loads($0) != 1 } == [])
            #expect(programs.filter { engine.isLoaded($0) } == [])
            #expect(try await draw(lazyDiT).latent == latent)
            #expect(engine.loads("embed") == 2 && engine.loads("extrapolate") == 1)
            opened.withLock { $0 = nil }
        }

        @Test func theSystemsWarningArrives() async throws {
            let engine = replay.use()
            let executor = try await replay.factory.open(replay.bundle) { _, _ in }
            StandIn.raiseMemoryPressure()
            for _ in 0..<500 where engine.isLoaded("embed") { try await Task.sleep(for: .milliseconds(10)) }
            #expect(!engine.isLoaded("embed"))
            withExtendedLifetime(executor) {}
        }
    }
}

/// Hands out an executor that a test holds as well.
private struct OpenedFactory: ExecutorFactory {
    let name = "opened"
    let executor: CoreMLExecutor

    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor { executor }
}
