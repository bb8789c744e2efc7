#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// Where a function lies and how it is loaded.
    struct ModelSource: Sendable {
        let compiled: CompiledModel
        /// Nil for a package of one function, all that iOS 17 knows, which takes no name.
        let function: String?
        let computeUnits: MLComputeUnits

        /// Whether packages may hold several functions here.
        static var systemKnowsFunctions: Bool {
            if #available(iOS 18, macOS 15, *) { true } else { false }
        }

        func load() async throws -> MLModel {
            try await MLModel.load(contentsOf: compiled.url, configuration: configuration())
        }

        /// For one that was unloaded, on the thread of a generation.
        func loadAgain() throws -> MLModel {
            compiled.touch()
            return try MLModel(contentsOf: compiled.url, configuration: configuration())
        }

        private func configuration() -> MLModelConfiguration {
            let configuration = MLModelConfiguration()
            configuration.computeUnits = computeUnits
            if #available(iOS 18, macOS 15, *) { configuration.functionName = function }
            return configuration
        }
    }
#endif
