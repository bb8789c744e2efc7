import CoreML
import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

@testable import LazyDiTCoreML

extension CoreMLTests {
    /// The folder for compiled models.
    @Suite struct CompiledModelsTests {
        @Test(arguments: [("tiny-fp32-ios18", 2), ("tiny-fp16-ios17", 11)])
        func packagesAreCompiledOnceAndKept(bundle: String, packages: Int) async throws {
            let replay = try Replay(bundle)
            let engine = replay.use()
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            #expect(engine.compiled == packages)
            #expect(try Replay.entries(in: replay.cache).count == packages)
        }

        @Test(arguments: ["", "programs.mlpackagX"])
        func damagedModelsAreCompiledAnew(contents: String) async throws {
            let replay = try Replay()
            let engine = replay.use()
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            try damage(replay, contents)
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            #expect(engine.compiled == 4)
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            #expect(engine.compiled == 4)
        }

        /// Another one opens the same bundle from beginning to end while the first package is compiled.
        @Test(arguments: [nil, "", "programs.mlpackagX"])
        func whatAnotherOneCompiledMeanwhileIsTaken(damage contents: String?) async throws {
            let replay = try Replay()
            let (factory, bundle, cache) = (replay.factory, replay.bundle, replay.cache)
            if let contents {
                replay.use()
                _ = try await factory.open(bundle) { _, _ in }
                try damage(replay, contents)
            }
            let isFirst = Locked(true)
            let others = Locked<[UUID]>([])
            let engine = replay.use(
                .init(compiling: {
                    guard
                        isFirst.withLock({ first in
                            defer { first = false }
                            return first
                        })
                    else { return }
                    _ = try await factory.open(bundle) { _, _ in }
                    try others.withLock { $0 = try ids(in: cache) }
                }))
            _ = try await factory.open(bundle) { _, _ in }
            #expect(engine.compiled == 3)
            #expect(try ids(in: replay.cache) == others.withLock { $0 })
            #expect(others.withLock { $0.count } == 2)
        }

        @Test func manyMayOpenAtOnce() async throws {
            let replay = try Replay("tiny-fp16-ios17")
            let engine = replay.use()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try await replay.factory.open(replay.bundle) { _, _ in } } }
                try await group.waitForAll()
            }
            let compiled = engine.compiled
            _ = try await replay.factory.open(replay.bundle) { _, _ in }
            #expect(engine.compiled == compiled)
            #expect(try ids(in: replay.cache).count == 11)
        }

        @Test func prewarmTellsHowFarItIs() async throws {
            let replay = try Replay()
            let engine = replay.use()
            var told: [Int] = []
            try await replay.factory.prewarm(replay.bundle) { done, _ in told.append(done) }
            #expect(told == Array(0...(2 + replay.bundle.programs.count)))
            #expect(!engine.isLoaded("embed"))
        }

        @Test func openingTellsHowFarItIsAsPrewarmingDoes() async throws {
            let replay = try Replay()
            let engine = replay.use()
            let told = Locked<[Int]>([])
            let lazyDiT = try await LazyDiT(replay.bundle, options: Options(executor: replay.factory)) { done, _ in
                told.withLock { $0.append(done) }
            }
            #expect(told.withLock { $0 } == Array(0...(2 + replay.bundle.programs.count)))
            #expect(engine.isLoaded("embed"))
            withExtendedLifetime(lazyDiT) {}
        }

        /// 0 before anything, 7 between the package and the program of the fourth of eleven.
        @Test(arguments: [(0, 0), (7, 4), (21, 11)])
        func prewarmEndsWithItsTask(after done: Int, compiled: Int) async throws {
            let replay = try Replay("tiny-fp16-ios17")
            let engine = replay.use()
            let (factory, bundle) = (replay.factory, replay.bundle)
            let task = Task {
                try await factory.prewarm(bundle) { told, _ in
                    if told == done { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(engine.compiled == compiled)
            try await expectNothingHalfWritten(replay, compiled: compiled)
            try await factory.prewarm(bundle)
            #expect(engine.compiled == 11)
        }

        @Test func prewarmThatEndsWithinACompilationLeavesNothingOfIt() async throws {
            let replay = try Replay("tiny-fp16-ios17")
            let compilations = Locked(0)
            replay.use(
                .init(compiling: {
                    let number = compilations.withLock { number in
                        number += 1
                        return number
                    }
                    if number == 3 { throw CancellationError() }
                }))
            await #expect(throws: CancellationError.self) { try await replay.factory.prewarm(replay.bundle) }
            try await expectNothingHalfWritten(replay, compiled: 2)
        }

        private func expectNothingHalfWritten(_ replay: Replay, compiled: Int) async throws {
            let left = try FileManager.default.contentsOfDirectory(atPath: replay.folder.path)
            #expect(left == (compiled == 0 ? [] : ["cache"]))
            if compiled > 0 { #expect(try ids(in: replay.cache).count == compiled) }
        }

        /// Of all that lies in the cache, which has to be whole.
        private func ids(in cache: URL) throws -> [UUID] {
            try Replay.entries(in: cache).map { try #require(CompiledModel(in: $0)).id }
                .sorted { $0.uuidString < $1.uuidString }
        }

        private func damage(_ replay: Replay, _ contents: String) throws {
            for entry in try Replay.entries(in: replay.cache) {
                try Data(contents.utf8).write(to: entry.appendingPathComponent("model.mlmodelc/model.mil"))
            }
        }
    }
}
