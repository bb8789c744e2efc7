#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// A folder of compiled models, which processes may share. Every model appears by one rename.
    struct CompiledModels: Sendable {
        let folder: URL

        private static let keptFor: TimeInterval = 7 * 24 * 60 * 60

        /// The compiled model of a package, and whether it was there already.
        func model(of package: ModelPackage) async throws -> (model: CompiledModel, kept: Bool) {
            if let model = CompiledModel(in: try entry(of: package)) {
                model.touch()
                return (model, true)
            }
            return (try await compile(package, inPlaceOf: nil), false)
        }

        /// The compiled model of a package, in place of one that cannot be loaded.
        func compiledAnew(_ package: ModelPackage, inPlaceOf damaged: CompiledModel) async throws -> CompiledModel {
            try await compile(package, inPlaceOf: damaged)
        }

        private func compile(_ package: ModelPackage, inPlaceOf damaged: CompiledModel?) async throws -> CompiledModel {
            let entry = try self.entry(of: package)
            let compiled: URL
            do {
                compiled = try await MLModel.compileModel(at: package.url)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "Core ML cannot compile \(package.name), which is for \(package.system) (\(oneLine(error))): export the "
                        + "bundle again, or with --minimum-ios for this system")
            }
            defer { try? FileManager.default.removeItem(at: compiled) }
            do {
                return try put(compiled, into: entry, inPlaceOf: damaged)
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "\(folder.path), the folder for compiled models, cannot be written (\(oneLine(error))): free space, or "
                        + "give another folder")
            }
        }

        /// Named for the package's files and for the system: another one may compile otherwise.
        private func entry(of package: ModelPackage) throws -> URL {
            let files = package.sha256.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            let text = (files + [ProcessInfo.processInfo.operatingSystemVersionString]).joined(separator: "\n")
            let digest = try SHA256()
            text.utf8CString.withUnsafeBytes { digest.add($0) }
            return folder.appendingPathComponent(digest.finish(), isDirectory: true)
        }

        /// Puts a model into its entry.
        ///
        /// Of several that compile the same package at once, the others take what the first one put there: it may be
        /// loading it.
        private func put(_ compiled: URL, into entry: URL, inPlaceOf damaged: CompiledModel?) throws -> CompiledModel {
            let part = folder.appendingPathComponent(UUID().uuidString, isDirectory: true)
            defer { try? FileManager.default.removeItem(at: part) }
            let model = try CompiledModel(moving: compiled, into: part)
            return try FolderLock.holding(folder) {
                if let other = CompiledModel(in: entry), other.id != damaged?.id { return other }
                try? FileManager.default.removeItem(at: entry)
                removeUnused()
                return try model.moved(to: entry)
            }
        }

        /// Older versions of packages, and what processes left that ended too early.
        private func removeUnused() {
            let files = FileManager.default
            let entries = (try? files.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
            for entry in entries where entry.lastPathComponent != FolderLock.file {
                if let used = CompiledModel.lastUse(of: entry), used.timeIntervalSinceNow < -Self.keptFor {
                    try? files.removeItem(at: entry)
                }
            }
        }
    }

    extension URL {
        /// `lazydit` in the user's folder for caches.
        static func lazyditCache() throws -> URL {
            do {
                return try FileManager.default
                    .url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
                    .appendingPathComponent("lazydit", isDirectory: true)
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "this user has no folder for caches (\(oneLine(error))): give one for compiled models")
            }
        }
    }
#endif
