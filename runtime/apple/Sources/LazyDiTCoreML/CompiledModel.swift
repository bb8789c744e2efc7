#if canImport(CoreML)
    import Foundation

    /// A compiled model in an entry of its own: a folder that holds it, and a note of what it consists of.
    struct CompiledModel: Sendable {
        let entry: URL
        /// Tells it from those that have the same entry before and after it.
        let id: UUID

        var url: URL { Self.model(in: entry) }

        private struct Note: Codable {
            let id: UUID
            /// The bytes of every file.
            let sizes: [String: Int]
        }

        /// Nil unless all of it is there.
        init?(in entry: URL) {
            guard let data = try? Data(contentsOf: Self.note(in: entry)),
                let note = try? JSONDecoder().decode(Note.self, from: data),
                note.sizes == (try? Self.sizes(in: Self.model(in: entry)))
            else { return nil }
            self.init(entry: entry, id: note.id)
        }

        private init(entry: URL, id: UUID) {
            self.entry = entry
            self.id = id
        }

        /// Moves what Core ML compiled into a new entry.
        init(moving compiled: URL, into entry: URL) throws {
            try FileManager.default.createDirectory(at: entry, withIntermediateDirectories: true)
            self.init(entry: entry, id: UUID())
            try FileManager.default.moveItem(at: compiled, to: url)
            let note = Note(id: id, sizes: try Self.sizes(in: url))
            try JSONEncoder().encode(note).write(to: Self.note(in: entry))
        }

        /// The same model in another entry, where nothing is.
        func moved(to entry: URL) throws -> CompiledModel {
            try FileManager.default.moveItem(at: self.entry, to: entry)
            return CompiledModel(entry: entry, id: id)
        }

        /// Notes that it is in use, which keeps it.
        func touch() {
            try? FileManager.default.setAttributes(
                [.modificationDate: Date()], ofItemAtPath: Self.note(in: entry).path)
        }

        /// When whatever lies in an entry was last in use.
        static func lastUse(of entry: URL) -> Date? {
            let note = note(in: entry).path
            let noted = FileManager.default.fileExists(atPath: note) ? note : entry.path
            return try? FileManager.default.attributesOfItem(atPath: noted)[.modificationDate] as? Date
        }

        private static func model(in entry: URL) -> URL { entry.appendingPathComponent("model.mlmodelc") }
        private static func note(in entry: URL) -> URL { entry.appendingPathComponent("contents.json") }

        private static func sizes(in model: URL) throws -> [String: Int] {
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
    }
#endif
