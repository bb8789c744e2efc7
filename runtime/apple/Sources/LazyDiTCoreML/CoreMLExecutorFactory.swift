#if canImport(CoreML)
    import CoreML
    import LazyDiT

    /// Core ML. Bundles are those of `lazydit-export --target ios`: for iOS 18 and macOS 15, or for iOS 17 and macOS 14 with
    /// `--minimum-ios 17`.
    ///
    /// Packages are compiled when a bundle is first opened, which is slow, and kept in ``cache``; later openings only load
    /// them. ``prewarm(_:progress:)`` does what is slow ahead of that, say after an installation.
    ///
    /// Inputs and outputs lie in the scheduler's memory, so that the engine reads and writes in place where it can; what it
    /// hands back in memory of its own is copied. Every program is loaded once and runs one call at a time: generations
    /// side by side wait for one another within a program only.
    ///
    /// Memory: `condition` is unloaded when a generation has run it. When the system warns of memory pressure, all programs
    /// are unloaded, at the end of the generations that run. What was unloaded is loaded again when it is next run.
    public struct CoreMLExecutorFactory: ExecutorFactory {
        public let name = "coreml"
        /// Where Core ML may compute. The Neural Engine computes in 16 bits whatever the bundle's precision. Programs that
        /// reuse an output are loaded for the CPU in any case.
        public var computeUnits: MLComputeUnits
        /// Folder for compiled models; nil is `lazydit` in the user's folder for caches. Give one that only you can write.
        ///
        /// A model is found by the sha256 of its package's files and the version of the system that compiled it. Those that
        /// nobody loaded for a week are deleted when another one is added. Processes may share a folder.
        public var cache: URL?

        public init(computeUnits: MLComputeUnits = .all, cache: URL? = nil) {
            self.computeUnits = computeUnits
            self.cache = cache
        }

        /// `progress` is told as in ``prewarm(_:progress:)``.
        public func open(
            _ bundle: ModelBundle, progress: @Sendable (_ done: Int, _ total: Int) -> Void
        ) async throws -> any Executor {
            CoreMLExecutor(try await load(bundle, progress))
        }

        /// Compiles the bundle's packages where needed and loads every program once, so that both is fast from then on.
        ///
        /// `progress` is called with 0 and after every package and program: how many are done, of how many. Cancelling the
        /// task stops before the next one and throws `CancellationError`; what is compiled by then is kept.
        ///
        /// Throws ``LazyDiT/LazyDiTError/executorUnavailable(_:)`` where Core ML cannot run such a bundle.
        public func prewarm(
            _ bundle: ModelBundle, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
        ) async throws {
            _ = try await load(bundle, progress)
        }

        private func load(_ bundle: ModelBundle, _ progress: (Int, Int) -> Void) async throws -> [LoadedProgram] {
            let packages = try bundle.packages()
            let loader = Loader(
                bundle: bundle, computeUnits: computeUnits, models: CompiledModels(folder: try cache ?? .lazyditCache())
            )
            let total = packages.count + bundle.programs.count
            progress(0, total)
            return try await loader.load(packages) { progress($0, total) }
        }
    }

    extension ExecutorFactory where Self == CoreMLExecutorFactory {
        /// Core ML, see ``CoreMLExecutorFactory``.
        public static func coreML(computeUnits: MLComputeUnits = .all, cache: URL? = nil) -> Self {
            CoreMLExecutorFactory(computeUnits: computeUnits, cache: cache)
        }
    }
#endif
