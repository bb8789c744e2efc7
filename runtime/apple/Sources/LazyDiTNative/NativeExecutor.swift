import CLazyDiTNative
import Foundation
import LazyDiT

/// ExecuTorch, through a build of `runtime/native`: nothing crosses a language border between two programs.
///
/// For computers: the tests and benchmarks of this package run with it where Core ML is not. Bundles are those of
/// `lazydit-export --target android`.
public struct NativeExecutorFactory: ExecutorFactory {
    public let name = "native"
    /// `liblazydit_native`, as `make tools` leaves it in `build/tools/runtime/native`.
    public var library: URL
    /// Size of the process's pool of threads, which keeps it while there are other executors; nil leaves it as it is, which is
    /// at first one per processor.
    public var threads: Int?
    /// Folder for weights as the engine packs them for this processor, which makes every load but the first fast; nil
    /// keeps none. Give one that only you can write. Linux only.
    public var weightCache: URL?

    public init(library: URL, threads: Int? = nil, weightCache: URL? = nil) {
        self.library = library
        self.threads = threads
        self.weightCache = weightCache
    }

    public func open(
        _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> any Executor {
        guard bundle.target == "android" else {
            throw LazyDiTError.executorUnavailable(
                "this bundle is for target \(bundle.target) and holds no ExecuTorch programs: run lazydit-export --target android"
            )
        }
        return try NativeExecutor(bundle, self)
    }
}

extension ExecutorFactory where Self == NativeExecutorFactory {
    /// ExecuTorch, see ``NativeExecutorFactory``.
    public static func native(library: URL, threads: Int? = nil, weightCache: URL? = nil) -> Self {
        NativeExecutorFactory(library: library, threads: threads, weightCache: weightCache)
    }
}

/// The C++ executor; generations on several threads may use it, its programs run one at a time.
final class NativeExecutor: Executor {
    private let library: NativeLibrary
    private nonisolated(unsafe) let handle: OpaquePointer

    init(_ bundle: ModelBundle, _ factory: NativeExecutorFactory) throws {
        let library = try NativeLibrary(factory.library)
        let texts = CStrings()
        let programs = bundle.programs.map { program in
            lazydit_native_program(
                file: texts.keep(bundle.directory.appendingPathComponent(program.file).path),
                method: texts.keep(program.method), hash: texts.keep(bundle.sha256[program.file]),
                layer_norm_epsilon: bundle.reusePrograms.contains(program.name) ? bundle.layerNormEpsilon : 0)
        }
        var options = lazydit_native_options(
            threads: Int32(clamping: factory.threads ?? 0), weight_cache: texts.keep(factory.weightCache?.path))
        var error = lazydit_error()
        var handle: OpaquePointer?
        let status = withExtendedLifetime(texts) {
            library.create(programs, programs.count, &options, &handle, &error)
        }
        guard status == LAZYDIT_OK, let handle else {
            throw LazyDiTError.executorUnavailable(
                withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        self.library = library
        self.handle = handle
    }

    deinit {
        library.free(handle)
    }

    var coreExecutor: UnsafePointer<lazydit_executor>? { library.executor(handle) }

    func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws {
        throw LazyDiTError.executorFailed(
            "the native executor is called through coreExecutor: let a generation do that")
    }
}

/// Zero-terminated copies of strings, freed with this object.
private final class CStrings {
    private var copies: [UnsafeMutablePointer<CChar>] = []

    func keep(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text, let copy = strdup(text) else { return nil }
        copies.append(copy)
        return UnsafePointer(copy)
    }

    deinit {
        for copy in copies { Foundation.free(copy) }
    }
}
