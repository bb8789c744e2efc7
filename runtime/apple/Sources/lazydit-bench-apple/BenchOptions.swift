import Foundation
import LazyDiT
import LazyDiTCoreML
import LazyDiTNative

/// What a command line asks for.
struct BenchOptions: Sendable {
    var bundle: String?
    var executor = EngineName.own
    var library: String?
    var computeUnits: String?
    var threads: Int?
    var weightCache: String?
    var steps = [10, 20]
    var policies: [Policy.Kind] = [.always, .lazy, .everyN]
    var rounds = 20
    var serve = false

    /// The engines, by the names that the package has for them.
    enum EngineName: String, CaseIterable, Sendable {
        case coreml
        case native

        #if canImport(CoreML)
            static let own = coreml
        #else
            static let own = native
        #endif

        /// What the engine runs was exported for it.
        var target: String { self == .coreml ? "ios" : "android" }
    }

    var bundleFolder: URL {
        URL(fileURLWithPath: bundle ?? "lazydit-\(executor.target)", isDirectory: true)
    }

    /// The engine. Throws ``UseError`` where an option does not go with it, or it is not on this system.
    func factory() throws -> any ExecutorFactory {
        switch executor {
        case .native:
            try refuse("compute-units", computeUnits)
            guard let library else {
                throw UseError(
                    "the native executor needs --library: liblazydit_native, which make tools leaves in "
                        + "build/tools/runtime/native")
            }
            return NativeExecutorFactory(
                library: URL(fileURLWithPath: library), threads: threads,
                weightCache: weightCache.map { URL(fileURLWithPath: $0, isDirectory: true) })
        case .coreml:
            try refuse("library", library)
            try refuse("threads", threads)
            try refuse("weight-cache", weightCache)
            return try coreMLFactory()
        }
    }

    private func refuse(_ option: String, _ value: Any?) throws {
        guard value != nil else { return }
        throw UseError("--\(option) means nothing to the executor \(executor.rawValue): leave it out")
    }
}

#if canImport(CoreML)
    import CoreML

    extension BenchOptions {
        private func coreMLFactory() throws -> any ExecutorFactory {
            guard let computeUnits else { return CoreMLExecutorFactory() }
            let known: [(String, MLComputeUnits)] = [
                ("all", .all), ("cpu-only", .cpuOnly), ("cpu-and-gpu", .cpuAndGPU),
                ("cpu-and-neural-engine", .cpuAndNeuralEngine),
            ]
            guard let (_, units) = known.first(where: { $0.0 == computeUnits }) else {
                let names = known.map(\.0).joined(separator: ", ")
                throw UseError("there are no compute units \(computeUnits): choose from \(names)")
            }
            return CoreMLExecutorFactory(computeUnits: units)
        }
    }
#else
    extension BenchOptions {
        private func coreMLFactory() throws -> any ExecutorFactory {
            throw UseError("Core ML is not on this system: give --executor native, or run it on a Mac")
        }
    }
#endif
