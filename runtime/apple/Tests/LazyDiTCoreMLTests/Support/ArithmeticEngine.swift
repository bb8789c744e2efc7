import CoreML
import Foundation
import LazyDiT

/// Core ML's part: it checks what it is given, and computes ``Arithmetic``.
final class ArithmeticEngine: StandInEngine, @unchecked Sendable {
    enum Outputs {
        /// As asked.
        case inBackings
        /// Every row followed by room that belongs to nobody.
        case inPaddedArrays
        case ofOtherType
        case missing
    }

    struct Failure: LocalizedError {
        let errorDescription: String?
    }

    private let lock = NSLock()
    private let bundle: ModelBundle
    private let folder: URL
    private var counts: [String: Int] = [:]
    private var inMemory: [String: Int] = [:]
    private var units: [String: MLComputeUnits] = [:]
    let outputs: Outputs
    /// Called before every prediction.
    let before: @Sendable (String) throws -> Void

    init(
        _ bundle: ModelBundle, in folder: URL, outputs: Outputs = .inBackings,
        before: @escaping @Sendable (String) throws -> Void = { _ in }
    ) {
        self.bundle = bundle
        self.folder = folder
        self.outputs = outputs
        self.before = before
    }

    var compiled: Int { lock.withLock { counts["compiled"] ?? 0 } }
    func loads(_ program: String) -> Int { lock.withLock { counts[program] ?? 0 } }
    func isLoaded(_ program: String) -> Bool { lock.withLock { (inMemory[program] ?? 0) > 0 } }
    func computeUnits(_ program: String) -> MLComputeUnits? { lock.withLock { units[program] } }

    func compile(_ package: URL) throws -> URL {
        lock.withLock { counts["compiled", default: 0] += 1 }
        let compiled = folder.appendingPathComponent("\(UUID().uuidString).mlmodelc")
        try FileManager.default.createDirectory(at: compiled, withIntermediateDirectories: true)
        try Data("compiled".utf8).write(to: compiled.appendingPathComponent("model.mil"))
        return compiled
    }

    func load(_ compiled: URL, _ configuration: MLModelConfiguration) throws -> any StandInFunction {
        let text = try String(contentsOf: compiled.appendingPathComponent("model.mil"), encoding: .utf8)
        guard text == "compiled" else { throw Failure(errorDescription: "the model is\ndamaged") }
        guard let program = bundle.programs.first(where: { $0.method == configuration.functionName }) else {
            throw Failure(errorDescription: "there is no such function")
        }
        lock.withLock {
            counts[program.name, default: 0] += 1
            inMemory[program.name, default: 0] += 1
            units[program.name] = configuration.computeUnits
        }
        return ArithmeticFunction(program, self)
    }

    fileprivate func forget(_ program: String) {
        lock.withLock { inMemory[program, default: 0] -= 1 }
    }
}

private final class ArithmeticFunction: StandInFunction {
    private let program: Program
    private let engine: ArithmeticEngine
    private let busy = NSLock()

    init(_ program: Program, _ engine: ArithmeticEngine) {
        self.program = program
        self.engine = engine
    }

    deinit {
        engine.forget(program.name)
    }

    var description: MLModelDescription {
        func described(_ specs: [TensorSpec]) -> [MLFeatureDescription] {
            specs.map { spec in
                let shape = spec.shape.map { NSNumber(value: $0 ?? 1) }
                return MLFeatureDescription(
                    standIn: spec.name,
                    MLMultiArrayConstraint(standIn: shape, spec.dtype == .int64 ? .int32 : .float32))
            }
        }
        return MLModelDescription(standIn: described(program.inputs), outputs: described(program.outputs))
    }

    func predict(_ input: any MLFeatureProvider, _ options: MLPredictionOptions) throws -> any MLFeatureProvider {
        guard busy.try() else { throw Failure(errorDescription: "two callers at the same time") }
        defer { busy.unlock() }
        try engine.before(program.name)
        guard input.featureNames == Set(program.inputs.map(\.name)) else {
            throw Failure(errorDescription: "inputs \(input.featureNames.sorted())")
        }
        let values = try program.inputs.map { try floats(input.featureValue(for: $0.name)?.multiArrayValue, $0) }
        var given: [String: Any] = [:]
        for (number, spec) in program.outputs.enumerated() where engine.outputs != .missing || number > 0 {
            guard let backing = options.outputBackings[spec.name] as? MLMultiArray, fits(backing, spec) else {
                throw Failure(errorDescription: "no fitting backing for \(spec.name)")
            }
            let array = try room(like: backing)
            if array.dataType == .float32 { fill(array, values, output: number) }
            given[spec.name] = MLFeatureValue(multiArray: array)
        }
        return try MLDictionaryFeatureProvider(dictionary: given)
    }

    private typealias Failure = ArithmeticEngine.Failure

    private func fits(_ array: MLMultiArray, _ spec: TensorSpec) -> Bool {
        let sizes = array.shape.map(\.intValue)
        var dense = 1
        for (size, stride) in zip(sizes, array.strides).reversed() {
            guard stride.intValue == dense else { return false }
            dense *= size
        }
        return array.dataType == (spec.dtype == .int64 ? .int32 : .float32) && sizes.count == spec.shape.count
            && zip(sizes, spec.shape).allSatisfy { $1 == nil || $0 == $1 }
    }

    private func floats(_ array: MLMultiArray?, _ spec: TensorSpec) throws -> [Float] {
        guard let array, fits(array, spec) else { throw Failure(errorDescription: "no fitting \(spec.name)") }
        return array.withUnsafeBytes { bytes in
            array.dataType == .int32
                ? bytes.bindMemory(to: Int32.self).map(Float.init) : Array(bytes.bindMemory(to: Float.self))
        }
    }

    private func room(like backing: MLMultiArray) throws -> MLMultiArray {
        switch engine.outputs {
        case .inBackings, .missing: return backing
        case .ofOtherType: return try MLMultiArray(shape: backing.shape, dataType: .double)
        case .inPaddedArrays:
            let padding = 5
            var strides: [Int] = []
            var stride = 1
            for (axis, size) in backing.shape.map(\.intValue).reversed().enumerated() {
                strides.insert(stride, at: 0)
                stride *= axis == 0 ? size + padding : size
            }
            return try MLMultiArray(
                dataPointer: .allocate(byteCount: 4 * stride, alignment: 64), shape: backing.shape, dataType: .float32,
                strides: strides.map { NSNumber(value: $0) }, deallocator: { $0.deallocate() })
        }
    }

    private func fill(_ array: MLMultiArray, _ values: [[Float]], output: Int) {
        let shape = array.shape.map(\.intValue)
        array.withUnsafeMutableBytes { bytes, strides in
            let floats = bytes.bindMemory(to: Float.self)
            for element in 0..<shape.reduce(1, *) {
                var (rest, place) = (element, 0)
                for axis in shape.indices.reversed() {
                    place += rest % shape[axis] * strides[axis]
                    rest /= shape[axis]
                }
                floats[place] = Arithmetic.value(values, output: output, element: element)
            }
        }
    }
}
