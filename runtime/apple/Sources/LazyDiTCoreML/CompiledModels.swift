#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    /// A folder of compiled models. Every one has an entry of its own, a folder that appears by one rename: the model, and
    /// what it consists of.
    struct CompiledModels: Sendable {
        let folder: URL

        private static let model = "model.mlmodelc"
        private static let contents = "contents.json"
        private static let keptFor: TimeInterval = 7 * 24 * 60 * 60

        /// The compiled model of a package, and whether it was there already.
        func model(of package: ModelPackage) async throws -> (compiled: URL, kept: Bool) {
            let entry = try self.entry(of: package)
            if isWhole(entry) {
                let compiled = entry.appendingPathComponent(Self.model)
                Self.touch(compiled)
                return (compiled, true)
            }
            return (try await compile(package, replacing: false), false)
        }

        /// The compiled model of a package, in place of one that cannot be loaded.
        func compiledAnew(_ package: ModelPackage) async throws -> URL {
            try await compile(package, replacing: true)
        }

        private func compile(_ package: ModelPackage, replacing: Bool) async throws -> URL {
            let entry = try self.entry(of: package)
            let compiled: URL
            do {
                compiled = try await MLModel.compileModel(at: package.url)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "Core ML cannot compile \(package.name) (\(oneLine(error))): export the bundle again, or with "
                        + "--minimum-ios for this system")
            }
            defer { try? FileManager.default.removeItem(at: compiled) }
            do {
                return try put(compiled, into: entry, replacing: replacing)
            } catch {
                throw LazyDiTError.executorUnavailable(
                    "\(folder.path), the folder for compiled models, cannot be written (\(oneLine(error))): free space, or "
                        + "give another folder")
            }
        }

        /// Notes that a model is in use, which keeps it.
        static func touch(_ compiled: URL) {
            let contents = compiled.deletingLastPathComponent().appendingPathComponent(Self.contents)
            try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: contents.path)
        }

        /// Named for the package's files and for the system: another one may compile otherwise.
        private func entry(of package: ModelPackage) throws -> URL {
            let files = package.sha256.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            let text = (files + [ProcessInfo.processInfo.operatingSystemVersionString]).joined(separator: "\n")
            let digest = try SHA256()
            text.utf8CString.withUnsafeBytes { digest.add($0) }
            return folder.appendingPathComponent(digest.finish(), isDirectory: true)
        }

        private func isWhole(_ entry: URL) -> Bool {
            guard let data = try? Data(contentsOf: entry.appendingPathComponent(Self.contents)),
                let noted = try? JSONDecoder().decode([String: Int].self, from: data)
            else { return false }
            return noted == (try? sizes(in: entry.appendingPathComponent(Self.model)))
        }

        /// The bytes of every file.
        private func sizes(in model: URL) throws -> [String: Int] {
            let files = FileManager.default
            var sizes: [String: Int] = [:]
            for name in try files.subpathsOfDirectory(atPath: model.path) {
                let attributes = try files.attributesOfItem(atPath: model.appendingPathComponent(name).path)
                if attributes[.type] as? FileAttributeType == .typeRegular {
                    sizes[name] = (attributes[.size] as? NSNumber)?.intValue
                }
            }
            return sizes
        }

        /// Puts a model into its entry and returns where it lies then.
        ///
        /// Of several processes that compile the same package at once, the others take what the first one put there.
        private func put(_ compiled: URL, into entry: URL, replacing: Bool) throws -> URL {
            let files = FileManager.default
            let part = folder.appendingPathComponent(UUID().uuidString, isDirectory: true)
            defer { try? files.removeItem(at: part) }
            try files.createDirectory(at: part, withIntermediateDirectories: true)
            let model = part.appendingPathComponent(Self.model)
            try files.moveItem(at: compiled, to: model)
            try JSONEncoder().encode(sizes(in: model)).write(to: part.appendingPathComponent(Self.contents))
            if replacing || !isWhole(entry) { try? files.removeItem(at: entry) }
            do {
                try files.moveItem(at: part, to: entry)
            } catch {
                guard isWhole(entry) else { throw error }
            }
            removeUnused()
            return entry.appendingPathComponent(Self.model)
        }

        /// Older versions of packages, and what processes left that ended too early.
        private func removeUnused() {
            let files = FileManager.default
            let entries = (try? files.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
            for entry in entries {
                let contents = entry.appendingPathComponent(Self.contents)
                let noted = files.fileExists(atPath: contents.path) ? contents : entry
                let used = try? files.attributesOfItem(atPath: noted.path)[.modificationDate] as? Date
                if let used, used.timeIntervalSinceNow < -Self.keptFor { try? files.removeItem(at: entry) }
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
