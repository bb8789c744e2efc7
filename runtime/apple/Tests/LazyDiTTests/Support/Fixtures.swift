import Foundation
import LazyDiT
import LazyDiTNative

/// Where make leaves what the tests run.
enum Fixtures {
    static let repository = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent()
    }
    static let bundles = repository.appendingPathComponent("build/android")
    static let reference = bundles.appendingPathComponent("reference")

    static let native = NativeExecutorFactory(
        library: repository.appendingPathComponent("build/tools/runtime/native/liblazydit_native.so"), threads: 2)

    /// A model of two blocks with random weights, whose gate sets are for 7 steps.
    static func tiny(_ executor: any ExecutorFactory = native) async throws -> LazyDiT {
        try await open("tiny-android", executor)
    }

    static func open(_ bundle: String, _ executor: any ExecutorFactory = native) async throws -> LazyDiT {
        try await LazyDiT(bundle: bundles.appendingPathComponent(bundle), options: Options(executor: executor))
    }
}
