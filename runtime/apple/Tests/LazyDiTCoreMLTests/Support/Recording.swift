import CoreML
import Foundation

/// What `tests/runtime/apple/record_coreml.py` wrote of a bundle: its functions as their packages describe them, and every
/// call of them with what the evaluator computed.
struct Recording: Sendable {
    struct Feature: Decodable, Sendable {
        var name: String
        /// As `MLMultiArrayDataType` has it.
        var type: Int
        var shape: [Int]
    }

    struct Function: Decodable, Sendable {
        /// Of the program.
        let name: String
        /// The path of the package within the bundle.
        let package: String
        /// Nil where the package holds but one.
        let function: String?
        var inputs: [Feature]
        var outputs: [Feature]
    }

    /// Inputs and outputs are numbers of tensors.
    struct Call: Decodable, Sendable, Hashable {
        let program: String
        let inputs: [Int]
        let outputs: [Int]
    }

    private struct Tensor: Decodable, Sendable {
        let type: Int
        let shape: [Int]
        let offset: Int

        var bytes: Int { shape.reduce((type & 0xff) / 8, *) }
    }

    private struct Contents: Decodable {
        let programs: [Function]
        let tensors: [Tensor]
        let calls: [Call]
    }

    let functions: [Function]
    let calls: [Call]
    private let ofProgram: [String: [Call]]
    private let tensors: [Tensor]
    private let elements: Data

    init(_ folder: URL) throws {
        let calls = try Data(contentsOf: folder.appendingPathComponent("calls.json"))
        let contents = try JSONDecoder().decode(Contents.self, from: calls)
        functions = contents.programs
        self.calls = contents.calls
        ofProgram = Dictionary(grouping: contents.calls, by: \.program)
        tensors = contents.tensors
        elements = try Data(contentsOf: folder.appendingPathComponent("tensors.bin"))
    }

    /// The call of these inputs, if there was one.
    func call(of function: Function, _ inputs: [MLMultiArray]) -> Call? {
        ofProgram[function.name]?.first { call in
            zip(function.inputs, zip(call.inputs, inputs)).allSatisfy { feature, pair in
                isRecorded(pair.1, as: tensors[pair.0], called: feature.name)
            }
        }
    }

    /// The shape of a tensor, and its elements in rows.
    func withTensor(_ number: Int, _ body: ([Int], UnsafeRawBufferPointer) throws -> Void) rethrows {
        try withElements(of: tensors[number]) { try body(tensors[number].shape, $0) }
    }

    private func withElements<Result>(
        of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try elements.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[tensor.offset..<(tensor.offset + tensor.bytes)]))
        }
    }

    /// What the scheduler computed itself; all else came out of programs.
    private static let computedByScheduler: Set = ["latent", "timesteps", "weight"]

    private func isRecorded(_ array: MLMultiArray, as tensor: Tensor, called name: String) -> Bool {
        guard array.dataType.rawValue == tensor.type, array.isInRows(of: tensor.shape) else { return false }
        return withElements(of: tensor) { recorded in
            array.withUnsafeBytes { given in
                if memcmp(given.baseAddress!, recorded.baseAddress!, recorded.count) == 0 { return true }
                return Self.computedByScheduler.contains(name) && areClose(given, recorded)
            }
        }
    }

    private func areClose(_ given: UnsafeRawBufferPointer, _ recorded: UnsafeRawBufferPointer) -> Bool {
        stride(from: 0, to: recorded.count, by: 4).allSatisfy { place in
            let (one, other) = (
                given.loadUnaligned(fromByteOffset: place, as: Float.self),
                recorded.loadUnaligned(fromByteOffset: place, as: Float.self)
            )
            return abs(one - other) <= 1e-5
        }
    }
}

extension MLMultiArray {
    /// Whether it has this shape and its elements lie one after another, the last dimension's first.
    func isInRows(of wanted: [Int]) -> Bool {
        guard shape.map(\.intValue) == wanted else { return false }
        var next = 1
        for (size, stride) in zip(wanted, strides).reversed() {
            guard stride.intValue == next else { return false }
            next *= size
        }
        return true
    }
}
