import Foundation
import LazyDiT
import LazyDiTNative

@testable import LazyDiTDemo

/// Where make leaves what the tests run, and the parts of the app.
enum Fixtures {
    static let app = URL(fileURLWithPath: #filePath).ancestor(4).appendingPathComponent("App")
    static let repository = app.ancestor(2)
    static let screens = repository.appendingPathComponent("build/ios-app/screens")

    /// Digits, 6 blocks, gates for 10 and for 20 steps; exported for Android, whose engine runs here.
    static let demo = repository.appendingPathComponent("build/android/demo-android")
    /// Random weights, 3 blocks, gates for 7 steps, no image.
    static let tiny = repository.appendingPathComponent("build/android/tiny-android")

    static let native = NativeExecutorFactory(
        library: repository.appendingPathComponent("build/tools/runtime/native/liblazydit_native.so"), threads: 1)
}

extension URL {
    func ancestor(_ generations: Int) -> URL {
        (0..<generations).reduce(self) { url, _ in url.deletingLastPathComponent() }
    }
}

/// An app's folder and settings of its own, removed with this object.
@MainActor
final class Sandbox {
    let documents = FileManager.default.temporaryDirectory.appendingPathComponent("lazydit-\(UUID().uuidString)")
    private let suite = "org.lazydit.demo.\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(at: bundles, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: documents)
        UserDefaults().removePersistentDomain(forName: suite)
    }

    var bundles: URL { documents.appendingPathComponent("bundles") }

    var store: GenerationStore { GenerationStore(UserDefaults(suiteName: suite)!) }

    func engine(
        shipped: URL? = Fixtures.demo, executor: any ExecutorFactory = Fixtures.native,
        freeMemory: Int? = nil
    ) -> Engine {
        Engine(
            bundles: Bundles(folder: bundles, shipped: shipped), executor: executor, freeMemory: { freeMemory })
    }

    func generationModel(_ engine: Engine? = nil) -> GenerationModel {
        GenerationModel(engine: engine ?? self.engine(), store: store)
    }

    /// Puts a copy of a bundle where a computer would.
    func copy(_ bundle: URL, as name: String) throws {
        try FileManager.default.copyItem(at: bundle, to: bundles.appendingPathComponent(name))
    }
}

extension Watched {
    /// The first value, this one included, that is as wished.
    func first(_ wished: (Value) -> Bool) async -> Value {
        for await value in values() where wished(value) { return value }
        return value
    }
}

extension GenerationModel {
    func idle() async -> GenerationState {
        await state.first { !$0.work.isUnderWay }
    }

    /// A model whose bundle is open.
    func opened() async -> GenerationState {
        open()
        return await idle()
    }
}
