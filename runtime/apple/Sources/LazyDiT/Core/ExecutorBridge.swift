import LazyDiTCore

/// A C `lazydit_executor` that calls a Swift ``Executor``; of use as long as this object lives.
final class ExecutorBridge {
    /// What the executor threw, which the core cannot carry.
    private(set) var thrown: (any Error)?
    private let executor: any Executor
    private let programs: [String]

    init(_ executor: any Executor, programs: [String]) {
        self.executor = executor
        self.programs = programs
    }

    var core: lazydit_executor {
        lazydit_executor(
            context: Unmanaged.passUnretained(self).toOpaque(),
            run: { context, program, inputs, numInputs, outputs, numOutputs, _, _ in
                ExecutorBridge.of(context).run(
                    Int(program), UnsafeBufferPointer(start: inputs, count: numInputs),
                    UnsafeBufferPointer(start: outputs, count: numOutputs))
            },
            release: nil,
            done_with: { context, program in ExecutorBridge.of(context).doneWith(Int(program)) })
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> ExecutorBridge {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    private func run(
        _ program: Int, _ inputs: UnsafeBufferPointer<lazydit_tensor>, _ outputs: UnsafeBufferPointer<lazydit_tensor>
    ) -> Int32 {
        do {
            try executor.run(programs[program], inputs: inputs.map(Tensor.init), outputs: outputs.map(Tensor.init))
            return 0
        } catch {
            thrown = error
            return 1
        }
    }

    private func doneWith(_ program: Int) {
        executor.doneWith(programs[program])
    }
}

extension Tensor {
    fileprivate init(_ tensor: lazydit_tensor) {
        let shape = withUnsafeBytes(of: tensor.shape) { Array($0.bindMemory(to: Int64.self).prefix(Int(tensor.rank))) }
        self.init(
            data: UnsafeMutableRawBufferPointer(start: tensor.data, count: tensor.size_bytes),
            dtype: DType(tensor.dtype), shape: shape.map(Int.init))
    }
}

extension DType {
    fileprivate init(_ dtype: lazydit_dtype) {
        switch dtype {
        case LAZYDIT_FLOAT16: self = .float16
        case LAZYDIT_INT64: self = .int64
        default: self = .float32
        }
    }
}
