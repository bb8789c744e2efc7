import CoreML
import Foundation

/// A loaded function of a ``ReplayingEngine``.
final class ReplayingFunction: StandInFunction {
    private typealias Failure = ReplayingEngine.Failure

    private let function: Recording.Function
    private let engine: ReplayingEngine
    private let busy = NSLock()

    init(_ function: Recording.Function, _ engine: ReplayingEngine) {
        self.function = function
        self.engine = engine
    }

    deinit {
        engine.forget(function.name)
    }

    var description: MLModelDescription {
        func described(_ features: [Recording.Feature]) -> [MLFeatureDescription] {
            features.map { feature in
                let type = MLMultiArrayDataType(rawValue: feature.type)!
                let shape = feature.shape.map { NSNumber(value: $0) }
                return MLFeatureDescription(standIn: feature.name, MLMultiArrayConstraint(standIn: shape, type))
            }
        }
        let function = engine.wishes.described(function)
        return MLModelDescription(standIn: described(function.inputs), outputs: described(function.outputs))
    }

    func predict(_ input: any MLFeatureProvider, _ options: MLPredictionOptions) throws -> any MLFeatureProvider {
        guard busy.try() else { throw Failure("two callers at the same time") }
        defer { busy.unlock() }
        try engine.wishes.running(function.name)
        guard input.featureNames == Set(function.inputs.map(\.name)) else {
            throw Failure("inputs \(input.featureNames.sorted())")
        }
        let inputs = function.inputs.compactMap { input.featureValue(for: $0.name)?.multiArrayValue }
        guard let call = engine.recording.call(of: function, inputs) else {
            throw Failure("a call that was not recorded")
        }
        engine.note(call)
        var given: [String: Any] = [:]
        for (feature, number) in zip(function.outputs, call.outputs) {
            guard let backing = options.outputBackings[feature.name] as? MLMultiArray else {
                throw Failure("no backing for \(feature.name)")
            }
            given[feature.name] = MLFeatureValue(multiArray: try output(number, feature, backing))
        }
        if engine.wishes.outputs == .missing { given[function.outputs[0].name] = nil }
        return try MLDictionaryFeatureProvider(dictionary: given)
    }

    private func output(_ number: Int, _ feature: Recording.Feature, _ backing: MLMultiArray) throws -> MLMultiArray {
        var array = backing
        try engine.recording.withTensor(number) { shape, elements in
            guard backing.dataType.rawValue == feature.type, backing.isInRows(of: shape) else {
                throw Failure("the backing for \(feature.name) does not fit")
            }
            switch engine.wishes.outputs {
            case .inBackings, .missing: fill(backing, elements)
            case .inPaddedArrays:
                array = try padded(like: backing)
                fill(array, elements)
            case .ofOtherType: array = try MLMultiArray(shape: backing.shape, dataType: .double)
            case .ofOtherShape: array = try MLMultiArray(shape: backing.shape + [1], dataType: backing.dataType)
            }
        }
        return array
    }

    /// All its bytes are 255, which as elements are no numbers.
    private func padded(like backing: MLMultiArray) throws -> MLMultiArray {
        let padding = 5
        var strides: [Int] = []
        var stride = 1
        for (axis, size) in backing.shape.map(\.intValue).reversed().enumerated() {
            strides.insert(stride, at: 0)
            stride *= axis == 0 ? size + padding : size
        }
        let bytes = stride * (backing.dataType.rawValue & 0xff) / 8
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memset(memory, 255, bytes)
        return try MLMultiArray(
            dataPointer: memory, shape: backing.shape, dataType: backing.dataType,
            strides: strides.map { NSNumber(value: $0) }, deallocator: { $0.deallocate() })
    }

    /// Row by row; the elements of a row lie one after another.
    private func fill(_ array: MLMultiArray, _ elements: UnsafeRawBufferPointer) {
        let shape = array.shape.map(\.intValue)
        let size = (array.dataType.rawValue & 0xff) / 8
        let rowBytes = shape.last! * size
        array.withUnsafeMutableBytes { bytes, strides in
            for row in 0..<(elements.count / rowBytes) {
                var (rest, place) = (row, 0)
                for axis in shape.indices.dropLast().reversed() {
                    place += rest % shape[axis] * strides[axis]
                    rest /= shape[axis]
                }
                memcpy(bytes.baseAddress! + place * size, elements.baseAddress! + row * rowBytes, rowBytes)
            }
        }
    }
}
