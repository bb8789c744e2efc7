import CoreML
import Foundation
import Testing

@testable import LazyDiT
@testable import LazyDiTCoreML

/// On a stand-in of Core ML: names, types, shapes, strides, the cache and memory. Core ML itself needs an Apple system.
@Suite(.serialized) final class CoreMLExecutorTests: Sendable {
    private static let repository = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
        url.deletingLastPathComponent()
    }
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private let bundle: ModelBundle
    private let request = Request(label: 3, seed: 1, steps: 7, guidance: 2, policy: .everyN(2, extrapolate: true))

    init() throws {
        bundle = try ModelBundle(
            directory: Self.repository.appendingPathComponent("build/apple/coreml/tiny-ios18"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        StandIn.engine = nil
        try? FileManager.default.removeItem(at: folder)
    }

    private var factory: CoreMLExecutorFactory { .coreML(cache: folder.appendingPathComponent("cache")) }

    private func use(
        _ outputs: ArithmeticEngine.Outputs = .inBackings,
        before: @escaping @Sendable (String) throws -> Void = { _ in }
    ) -> ArithmeticEngine {
        let engine = ArithmeticEngine(bundle, in: folder, outputs: outputs, before: before)
        StandIn.engine = engine
        return engine
    }

    private func open(_ executor: any ExecutorFactory) async throws -> LazyDiT {
        try await LazyDiT(bundle: bundle.directory, options: Options(executor: executor))
    }

    private func draw(_ lazyDiT: LazyDiT, _ request: Request? = nil) async throws -> GenerationResult {
        for try await step in lazyDiT.generate(request ?? self.request) {
            if case .done(let result) = step { return result }
        }
        throw CancellationError()
    }

    private func failure(_ work: () async throws -> Void) async -> String {
        do {
            try await work()
            return ""
        } catch {
            return error.localizedDescription
        }
    }

    @Test(arguments: [ArithmeticEngine.Outputs.inBackings, .inPaddedArrays])
    func whatIsComputedReachesTheSchedulerWhereverItWasWritten(outputs: ArithmeticEngine.Outputs) async throws {
        _ = use(outputs)
        let expected = try await draw(open(PlainExecutorFactory()))
        let found = try await draw(open(factory))
        #expect(found.latent == expected.latent)
        #expect(found.trace.ran == expected.trace.ran)
        #expect(found.trace.extrapolated.joined().joined().contains(true))
    }

    @Test func wrongOutputsAreOneSentence() async throws {
        _ = use(.ofOtherType)
        var sentence = await failure { _ = try await self.draw(self.open(self.factory)) }
        #expect(sentence.hasPrefix("Core ML failed in program condition (modulation has not type float32): "))
        _ = use(.missing)
        sentence = await failure { _ = try await self.draw(self.open(self.factory)) }
        #expect(sentence.hasPrefix("Core ML failed in program condition (it gave no modulation): "))
    }

    @Test func whatCoreMLThrowsNamesTheProgram() async throws {
        _ = use { if $0 == "embed" { throw ArithmeticEngine.Failure(errorDescription: "E5RT\nencountered") } }
        let sentence = await failure { _ = try await self.draw(self.open(self.factory)) }
        #expect(sentence == "Core ML failed in program embed (E5RT encountered): export the bundle again")
    }

    @Test func packagesAreCompiledOnceAndKept() async throws {
        let engine = use()
        _ = try await factory.open(bundle)
        _ = try await factory.open(bundle)
        #expect(engine.compiled == 2)
    }

    @Test(arguments: ["", "compile!"])
    func damagedModelsAreCompiledAnew(contents: String) async throws {
        let engine = use()
        _ = try await factory.open(bundle)
        let cache = folder.appendingPathComponent("cache")
        for entry in try FileManager.default.contentsOfDirectory(at: cache, includingPropertiesForKeys: nil) {
            try Data(contents.utf8).write(to: entry.appendingPathComponent("model.mlmodelc/model.mil"))
        }
        _ = try await factory.open(bundle)
        #expect(engine.compiled == 4)
    }

    @Test func twoMayCompileAtOnce() async throws {
        let engine = use()
        async let one = factory.open(bundle)
        async let other = factory.open(bundle)
        _ = try await (one, other)
        _ = try await factory.open(bundle)
        #expect(engine.compiled <= 4)
        let entries = try FileManager.default.contentsOfDirectory(
            atPath: folder.appendingPathComponent("cache").path)
        #expect(entries.count == 2)
    }

    @Test func prewarmTellsHowFarItIs() async throws {
        let engine = use()
        var told: [Int] = []
        try await factory.prewarm(bundle) { done, _ in told.append(done) }
        #expect(told == Array(0...(2 + bundle.programs.count)))
        #expect(!engine.isLoaded("embed"))
    }

    @Test func prewarmEndsWithItsTask() async throws {
        let engine = use()
        let (factory, bundle) = (factory, bundle)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await factory.prewarm(bundle)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(engine.compiled == 0)
    }

    @Test func reusesAreComputedOnTheCPU() async throws {
        let engine = use()
        _ = try await factory.open(bundle)
        #expect(engine.computeUnits("reuse") == .cpuOnly)
        #expect(engine.computeUnits("extrapolate") == .cpuOnly)
        #expect(engine.computeUnits("embed") == .all)
    }

    @Test func conditionLeavesAndComesBack() async throws {
        let engine = use()
        let lazyDiT = try await open(factory)
        _ = try await draw(lazyDiT)
        #expect(!engine.isLoaded("condition") && engine.isLoaded("embed"))
        _ = try await draw(lazyDiT)
        #expect(engine.loads("condition") == 2 && engine.loads("embed") == 1)
    }

    @Test func memoryWarningsWaitForTheGenerationsEnd() async throws {
        let engine = use()
        let executor = try #require(try await factory.open(bundle) as? CoreMLExecutor)
        executor.generationBegan()
        executor.generationBegan()
        executor.memoryIsShort()
        executor.generationEnded()
        #expect(engine.isLoaded("embed"))
        executor.generationEnded()
        #expect(!engine.isLoaded("embed") && !engine.isLoaded("final"))
    }

    @Test func theSystemsWarningArrives() async throws {
        let engine = use()
        let executor = try await factory.open(bundle)
        StandIn.raiseMemoryPressure()
        for _ in 0..<500 where engine.isLoaded("embed") { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!engine.isLoaded("embed"))
        withExtendedLifetime(executor) {}
    }

    @Test func generationsSideBySideDrawTheSame() async throws {
        _ = use(.inPaddedArrays)
        let lazyDiT = try await open(factory)
        let plain = try await open(PlainExecutorFactory())
        try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for seed in 0..<4 {
                let request = Request(label: 1, seed: UInt64(seed), steps: 3, policy: .everyN(2))
                group.addTask { (seed, try await self.draw(lazyDiT, request).latent) }
            }
            for try await (seed, latent) in group {
                let request = Request(label: 1, seed: UInt64(seed), steps: 3, policy: .everyN(2))
                let expected = try await draw(plain, request)
                #expect(latent == expected.latent)
            }
        }
    }

    @Test func otherBundlesAreRefused() async throws {
        _ = use()
        let android = try ModelBundle(
            directory: Self.repository.appendingPathComponent("build/android/tiny-android"))
        let sentence = await failure { _ = try await self.factory.open(android) }
        #expect(
            sentence
                == "this bundle is for target android and holds no Core ML programs: run lazydit-export --target ios")
    }

    @Test func picturesAreOpaqueAndInTheColoursOfAScreen() throws {
        let pixels = Pixels(channels: 1, height: 1, width: 2, values: [-1, 1])
        let image = try #require(pixels.cgImage())
        #expect(image.width == 2 && image.height == 1 && image.bytesPerRow == 8)
        #expect(image.dataProvider?.data.map { Array($0 as Data) } == pixels.rgba)
    }
}
