import CoreML
import Foundation
import LazyDiT
import LazyDiTTestSupport

@testable import LazyDiTCoreML

/// A bundle whose calls were recorded, and a folder for what a test compiles, removed with this object.
final class Replay: Sendable {
    static let build = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        .appendingPathComponent("build")
    private static let bundles = build.appendingPathComponent("apple/coreml")

    let bundle: ModelBundle
    let recording: Recording
    /// What was recorded of it.
    let recorded: URL
    let cases: [ReferenceCase]
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    var cache: URL { folder.appendingPathComponent("cache") }
    var factory: CoreMLExecutorFactory { .coreML(cache: cache) }

    init(_ name: String = "tiny-fp32-ios18") throws {
        bundle = try ModelBundle(directory: Self.bundles.appendingPathComponent(name))
        recorded = Self.bundles.appendingPathComponent("recorded/\(name)")
        recording = try Recording(recorded)
        cases = ReferenceCase.all(in: recorded)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Puts the recording behind the signatures of Core ML.
    @discardableResult
    func use(_ wishes: ReplayingEngine.Wishes = .init()) -> ReplayingEngine {
        let engine = ReplayingEngine(recording, of: bundle.directory, in: folder, wishes)
        StandIn.engine = engine
        return engine
    }

    func open() async throws -> LazyDiT {
        try await LazyDiT(bundle: bundle.directory, options: Options(executor: factory))
    }

    /// What is in a folder for compiled models, but for the lock.
    static func entries(in cache: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: cache, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent != FolderLock.file }
    }
}

/// What the error says that `work` throws; empty when it throws none.
func sentence(_ work: () async throws -> Void) async -> String {
    do {
        try await work()
        return ""
    } catch {
        return error.localizedDescription
    }
}
