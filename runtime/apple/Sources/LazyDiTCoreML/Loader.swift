#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// Compiles and loads the programs of a bundle.
    struct Loader: Sendable {
        let bundle: ModelBundle
        let computeUnits: MLComputeUnits
        let models: CompiledModels

        /// `onProgress` is told how many packages and programs are done.
        func load(_ packages: [ModelPackage], onProgress: (Int) -> Void) async throws -> [LoadedProgram] {
            var programs: [LoadedProgram] = []
            for (number, package) in packages.enumerated() {
                let before = number + programs.count
                programs += try await load(package) { onProgress(before + $0) }
            }
            return programs
        }

        private func load(_ package: ModelPackage, onProgress: (Int) -> Void) async throws -> [LoadedProgram] {
            try Task.checkCancellation()
            let (compiled, kept) = try await models.model(of: package)
            do {
                return try await programs(of: package, in: compiled, onProgress)
            } catch let error as LazyDiTError where kept {
                // It may be damaged where its sizes do not show it.
                guard case .executorUnavailable = error else { throw error }
                return try await programs(
                    of: package, in: models.compiledAnew(package, inPlaceOf: compiled), onProgress)
            }
        }

        private func programs(
            of package: ModelPackage, in compiled: CompiledModel, _ onProgress: (Int) -> Void
        ) async throws -> [LoadedProgram] {
            onProgress(1)
            var programs: [LoadedProgram] = []
            for program in package.programs {
                try Task.checkCancellation()
                programs.append(try await load(program, of: package, from: compiled))
                onProgress(1 + programs.count)
            }
            return programs
        }

        private func load(
            _ program: Program, of package: ModelPackage, from compiled: CompiledModel
        ) async throws -> LoadedProgram {
            // A reuse is one pass over the tokens, too little to hand to another unit.
            let units = bundle.reusePrograms.contains(program.name) ? .cpuOnly : computeUnits
            let source = ModelSource(
                compiled: compiled, function: bundle.holdsFunctions ? program.method : nil, computeUnits: units)
            do {
                return try await LoadedProgram(program, from: source)
            } catch let error as LazyDiTError {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "Core ML cannot load function \(program.method) of \(program.file), which is for \(package.system) "
                        + "(\(oneLine(error))): export the bundle again, or with --minimum-ios for this system")
            }
        }
    }
#endif
