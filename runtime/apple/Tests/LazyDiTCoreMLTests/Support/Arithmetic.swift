import Foundation
import LazyDiT

/// What programs compute in these tests, on whatever memory: numbers that tell inputs, outputs and elements apart.
enum Arithmetic {
    static func value(_ inputs: [[Float]], output: Int, element: Int) -> Float {
        var sum: Float = 0
        for (place, input) in inputs.enumerated() where !input.isEmpty {
            sum += input[(element + output) % input.count] / Float(2 + place)
        }
        return sin(sum + Float(output))
    }
}

/// Computes it in the scheduler's memory, without Core ML.
final class PlainExecutor: Executor {
    func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws {
        let values = inputs.map { tensor in
            tensor.dtype == .int64
                ? tensor.data.bindMemory(to: Int64.self).map(Float.init) : Array(tensor.data.bindMemory(to: Float.self))
        }
        for (number, output) in outputs.enumerated() {
            let floats = output.data.bindMemory(to: Float.self)
            for element in floats.indices {
                floats[element] = Arithmetic.value(values, output: number, element: element)
            }
        }
    }
}

struct PlainExecutorFactory: ExecutorFactory {
    let name = "plain"

    func open(_ bundle: ModelBundle) async throws -> any Executor { PlainExecutor() }
}
