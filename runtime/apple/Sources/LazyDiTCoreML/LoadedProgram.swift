#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// A function of a compiled model. Core ML wants one caller at a time: `model` is only touched under `lock`.
    final class LoadedProgram: @unchecked Sendable {
        var name: String { spec.name }
        private let spec: Program
        private let source: ModelSource
        private let lock = NSLock()
        private var model: MLModel?

        /// Loads the function and holds its signature against the manifest's.
        init(_ spec: Program, from source: ModelSource) async throws {
            self.spec = spec
            self.source = source
            let model = try await source.load()
            guard model.modelDescription.matches(spec) else {
                throw LazyDiTError.executorUnavailable(
                    "function \(spec.method) of \(spec.file) has not the signature that the manifest gives program "
                        + "\(spec.name): export the bundle again")
            }
            self.model = model
        }

        /// Throws ``LazyDiT/LazyDiTError/executorFailed(_:)``.
        func run(_ inputs: [Tensor], _ outputs: [Tensor]) throws {
            try lock.withLock {
                let model = try loaded()
                do {
                    // What Core ML makes of a call would else pile up until the generation ends.
                    try autoreleasepool { try predict(model, inputs, outputs) }
                } catch {
                    throw LazyDiTError.executorFailed(
                        "Core ML failed in program \(name) (\(oneLine(error))): export the bundle again")
                }
            }
        }

        /// It is loaded again when it is next run.
        func unloadUnlessRunning() {
            guard lock.try() else { return }
            model = nil
            lock.unlock()
        }

        private func loaded() throws -> MLModel {
            if let model { return model }
            do {
                let again = try source.loadAgain()
                model = again
                return again
            } catch {
                throw LazyDiTError.executorFailed(
                    "Core ML cannot load program \(name) again (\(oneLine(error))): open the bundle again")
            }
        }

        private func predict(_ model: MLModel, _ inputs: [Tensor], _ outputs: [Tensor]) throws {
            let arrays = try inputs.map { try $0.inputArray() }
            let backings = try outputs.map { try $0.arrayInPlace() }
            let options = MLPredictionOptions()
            options.outputBackings = byName(spec.outputs, backings)
            let given = try model.prediction(
                from: MLDictionaryFeatureProvider(dictionary: byName(spec.inputs, arrays)), options: options)
            for (tensor, (output, backing)) in zip(spec.outputs, zip(outputs, backings)) {
                guard let array = given.featureValue(for: tensor.name)?.multiArrayValue else {
                    throw Fault("it gave no \(tensor.name)")
                }
                // Core ML may write elsewhere than it was asked to.
                if array !== backing { try output.copy(array, called: tensor.name) }
            }
        }

        private func byName(_ specs: [TensorSpec], _ arrays: [MLMultiArray]) -> [String: Any] {
            Dictionary(uniqueKeysWithValues: zip(specs.map(\.name), arrays))
        }
    }

    extension MLModelDescription {
        /// Whether names, element types and fixed shapes are the manifest's.
        fileprivate func matches(_ program: Program) -> Bool {
            Self.match(inputDescriptionsByName, program.inputs) && Self.match(outputDescriptionsByName, program.outputs)
        }

        private static func match(_ features: [String: MLFeatureDescription], _ specs: [TensorSpec]) -> Bool {
            features.count == specs.count
                && specs.allSatisfy { features[$0.name]?.multiArrayConstraint?.allows($0) ?? false }
        }
    }

    extension MLMultiArrayConstraint {
        /// Outputs may be described without a shape.
        fileprivate func allows(_ spec: TensorSpec) -> Bool {
            dataType == spec.dtype.inCoreML
                && (shape.isEmpty
                    || shape.count == spec.shape.count
                        && zip(shape, spec.shape).allSatisfy { $1 == nil || $0.intValue == $1 })
        }
    }
#endif
