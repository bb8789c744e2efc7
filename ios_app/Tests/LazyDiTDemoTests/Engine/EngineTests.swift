import Foundation
import LazyDiT
import Testing

@testable import LazyDiTDemo

@Suite(.timeLimit(.minutes(2))) @MainActor struct EngineTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
    }

    private func problem(_ engine: Engine, bundle: String? = nil) async -> Problem? {
        do {
            try await engine.use(bundle) { _ in }
            return nil
        } catch {
            return Problem(error)
        }
    }

    @Test func withoutABundleThereIsAProblemAndWithOneItIsGone() async throws {
        let engine = sandbox.engine(shipped: sandbox.documents.appendingPathComponent("demo-ios"))
        #expect(await problem(engine) == .noBundle)
        try sandbox.copy(Fixtures.tiny, as: "mine")
        #expect(await problem(engine) == nil)
        #expect(await problem(engine, bundle: "yours") == .noBundle)
    }

    @Test func theNewestThatWasCopiedComesBeforeTheAppsOwn() async throws {
        try sandbox.copy(Fixtures.demo, as: "new")
        try sandbox.copy(Fixtures.tiny, as: "old")
        try sandbox.copy(Fixtures.tiny, as: ".copying")
        for (name, age) in [("new", 10.0), ("old", 20), (".copying", 0)] {
            let manifest = sandbox.bundles.appendingPathComponent("\(name)/manifest.json")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: manifest.path)
        }
        let engine = sandbox.engine()
        #expect(try await engine.use { $0.bundle.directory.lastPathComponent } == "new")
        #expect(try await engine.use("old") { $0.bundle.directory.lastPathComponent } == "old")
        try FileManager.default.removeItem(at: sandbox.bundles)
        #expect(try await engine.use { $0.bundle.directory.lastPathComponent } == "demo-android")
    }

    @Test func aDamagedBundleIsRefusedWithTheLibrarysSentence() async throws {
        try sandbox.copy(Fixtures.tiny, as: "mine")
        try Data("{".utf8).write(to: sandbox.bundles.appendingPathComponent("mine/manifest.json"))
        guard case .badBundle(let sentence) = await problem(sandbox.engine()) else {
            Issue.record("a damaged bundle was opened")
            return
        }
        #expect(sentence.contains("manifest.json"))
    }

    @Test func aBundleIsOpenedOnceAndTellsHowFarItIs() async throws {
        let shares = Watched<[Double]>([])
        let engine = sandbox.engine(executor: Slow())
        let first = try await engine.use(onOpening: { share in shares.change { $0.append(share) } }, work: { $0 })
        #expect(await shares.first { $0.count == 2 } == [0.25, 1])
        #expect(
            try await engine.use(onOpening: { _ in Issue.record("opened again") }, work: { $0 === first }))
    }

    @Test func whatCannotBeOpenedIsNotUsed() async {
        #expect(await problem(sandbox.engine(executor: Full())) == .badBundle(sentence: "no room"))
    }

    @Test func tooLittleMemoryIsSaidBeforeAnythingIsLoaded() async throws {
        let files = try FileManager.default.subpathsOfDirectory(atPath: Fixtures.tiny.path)
        let bytes = try files.reduce(0) { sum, file in
            let attributes = try FileManager.default.attributesOfItem(
                atPath: Fixtures.tiny.appendingPathComponent(file).path)
            return sum + (attributes[.type] as? FileAttributeType == .typeRegular ? attributes[.size] as! Int : 0)
        }
        let engine = sandbox.engine(shipped: Fixtures.tiny, freeMemory: 1000)
        #expect(await problem(engine) == .notEnoughMemory(neededBytes: bytes, freeBytes: 1000))
        #expect(await problem(sandbox.engine(shipped: Fixtures.tiny, freeMemory: bytes)) == nil)
    }

    @Test func whatAnEngineThrowsWhileItDrawsIsAProblemOfTheGeneration() async {
        let model = sandbox.generationModel(sandbox.engine(executor: Failing()))
        let state = await model.opened()
        #expect(state.problem == .generationFailed(sentence: "the engine has had enough"))
        #expect(state.work == .idle)
        model.open()
        #expect(await model.state.first { $0.work == .idle && $0.problem != nil }.facts != nil)
    }

    @Test func usersTakeTurnsInTheOrderInWhichTheyCame() async throws {
        let engine = sandbox.engine(shipped: Fixtures.tiny)
        var events: [String] = []
        let users = (0..<3).map { user in
            Task {
                try await engine.use { _ in
                    events.append("\(user) begins")
                    await Task.yield()
                    events.append("\(user) ends")
                }
            }
        }
        for user in users { try await user.value }
        #expect(events == (0..<3).flatMap { ["\($0) begins", "\($0) ends"] })
    }
}

/// An engine that opens every bundle and runs none.
private struct Failing: ExecutorFactory {
    let name = "failing"

    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor { Nothing() }

    private final class Nothing: Executor {
        func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws {
            throw LazyDiTError.executorFailed("the engine has had enough")
        }
    }
}

/// An engine that opens a bundle in four parts.
private struct Slow: ExecutorFactory {
    let name = "slow"

    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor {
        progress(1, 4)
        progress(4, 4)
        return try await Fixtures.native.open(bundle, progress: progress)
    }
}

/// An engine that opens nothing.
private struct Full: ExecutorFactory {
    let name = "full"

    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor {
        throw LazyDiTError.executorUnavailable("no room")
    }
}
