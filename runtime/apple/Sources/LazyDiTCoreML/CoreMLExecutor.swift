#if canImport(CoreML)
    import Foundation
    import LazyDiT

    /// The loaded programs of one bundle.
    ///
    /// `running` and `warned` are only touched under `lock`, and so are programs unloaded for want of memory: no generation
    /// begins meanwhile.
    final class CoreMLExecutor: Executor, @unchecked Sendable {
        private let programs: [String: LoadedProgram]
        private let lock = NSLock()
        private var running = 0
        private var warned = false
        private var warnings: MemoryWarnings?

        init(_ programs: [LoadedProgram]) {
            self.programs = Dictionary(uniqueKeysWithValues: programs.map { ($0.name, $0) })
            warnings = MemoryWarnings { [weak self] in self?.memoryIsShort() }
        }

        func run(_ program: String, inputs: [Tensor], outputs: [Tensor]) throws {
            guard let loaded = programs[program] else {
                throw LazyDiTError.executorFailed(
                    "this bundle has no program \(program) (it has \(programs.keys.sorted().joined(separator: ", ")))")
            }
            try loaded.run(inputs, outputs)
        }

        func doneWith(_ program: String) {
            programs[program]?.unloadUnlessRunning()
        }

        func generationBegan() {
            lock.withLock { running += 1 }
        }

        func generationEnded() {
            lock.withLock {
                running -= 1
                if warned { unloadBetweenGenerations() }
            }
        }

        /// Reloading in the middle of a generation would need the memory again at once.
        func memoryIsShort() {
            lock.withLock {
                warned = true
                unloadBetweenGenerations()
            }
        }

        private func unloadBetweenGenerations() {
            guard running == 0 else { return }
            warned = false
            for program in programs.values { program.unloadUnlessRunning() }
        }
    }
#endif
