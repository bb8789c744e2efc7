#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// Where a function lies and how it is loaded.
    struct ModelSource: Sendable {
        let compiled: URL
        /// Nil for a package of one function, all that iOS 17 knows, which takes no name.
        let function: String?
        let computeUnits: MLComputeUnits

        func load() async throws -> MLModel {
            try await MLModel.load(contentsOf: compiled, configuration: configuration())
        }

        /// For one that was unloaded, on the thread of a generation.
        func loadAgain() throws -> MLModel {
            CompiledModels.touch(compiled)
            return try MLModel(contentsOf: compiled, configuration: configuration())
        }

        private func configuration() -> MLModelConfiguration {
            let configuration = MLModelConfiguration()
            configuration.computeUnits = computeUnits
            if #available(iOS 18, macOS 15, *) { configuration.functionName = function }
            return configuration
        }
    }
#endif
