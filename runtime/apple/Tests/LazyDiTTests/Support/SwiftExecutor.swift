import Foundation
import LazyDiT
import LazyDiTCore
import LazyDiTNative
import LazyDiTTestSupport

/// The native executor behind Swift's ``Executor/run(_:inputs:outputs:)``, and what a test wants to happen before a program.
final class SwiftExecutor: Executor {
    private let inner: any Executor
    private let numbers: [String: Int32]
    private let before: @Sendable (_ program: String, _ call: Int) throws -> Void
    private let calls = Locked(0)
    let done = Locked<[String]>([])

    init(
        _ inner: any Executor, of bundle: ModelBundle, before: @escaping @Sendable (String, Int) throws -> Void
    ) {
        self.inner = inner
        numbers = Dictionary(uniqueKeysWithValues: zip(bundle.programs.map(\.name), 0...))
        self.before = before
    }

    func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws {
        let call = calls.withLock { calls in
            defer { calls += 1 }
            return calls
        }
        try before(program, call)
        let core = inner.coreExecutor!.pointee
        var message = [CChar](repeating: 0, count: 256)
        let status = core.run(
            core.context, numbers[program]!, inputs.map(\.core), inputs.count, outputs.map(\.core), outputs.count,
            &message, message.count)
        if status != 0 {
            throw LazyDiTError.executorFailed(
                String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
        }
    }

    func doneWith(_ program: String) {
        done.withLock { $0.append(program) }
    }
}

struct SwiftExecutorFactory: ExecutorFactory {
    let name = "swift"
    var before: @Sendable (String, Int) throws -> Void = { _, _ in }
    var opened: @Sendable (SwiftExecutor) -> Void = { _ in }

    func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor {
        let executor = SwiftExecutor(
            try await Fixtures.native.open(bundle, progress: progress), of: bundle, before: before)
        opened(executor)
        return executor
    }
}

extension Tensor {
    fileprivate var core: lazydit_tensor {
        var tensor = lazydit_tensor()
        tensor.data = data.baseAddress
        tensor.size_bytes = data.count
        tensor.dtype = dtype == .float32 ? LAZYDIT_FLOAT32 : dtype == .float16 ? LAZYDIT_FLOAT16 : LAZYDIT_INT64
        tensor.rank = Int32(shape.count)
        withUnsafeMutableBytes(of: &tensor.shape) { bytes in
            for (axis, size) in shape.enumerated() {
                bytes.storeBytes(of: Int64(size), toByteOffset: 8 * axis, as: Int64.self)
            }
        }
        return tensor
    }
}
