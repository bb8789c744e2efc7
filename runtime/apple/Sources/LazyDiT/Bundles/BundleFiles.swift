import Foundation

/// The files of a bundle, held against its manifest.
struct BundleFiles: Sendable {
    let directory: URL

    /// Read so much at a time: files are larger than memory.
    private static let pieceBytes = 1 << 20

    private var path: String { directory.path }

    func manifest() throws -> Manifest {
        let url = directory.appendingPathComponent("manifest.json")
        guard try isFile(url.resolvingSymlinksInPath()) else {
            throw LazyDiTError.invalidBundle(
                "there is no bundle at \(path) (no manifest.json): run lazydit-export --target ios first, or give the "
                    + "folder that it wrote")
        }
        guard let data = try? Data(contentsOf: url) else {
            throw LazyDiTError.invalidBundle("\(url.path) cannot be read: check its permissions")
        }
        let manifest = try ManifestReader.manifest(in: data, source: url.path)
        try manifest.check()
        return manifest
    }

    private func isFile(_ url: URL) throws -> Bool {
        do {
            return try type(of: url) == .typeRegular
        } catch CocoaError.fileReadNoPermission {
            throw LazyDiTError.invalidBundle(
                "\(path) cannot be read (Permission denied): check its permissions")
        } catch {
            return false
        }
    }

    /// Throws unless every file is the one that was exported; hashes them side by side.
    func check(_ files: [String: Manifest.File]) throws {
        let files = files.sorted { $0.key < $1.key }
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: files.count) { i in
            failures.collect(i) { try check(files[i].key, files[i].value) }
        }
        try failures.throwFirst()
    }

    private func check(_ name: String, _ entry: Manifest.File) throws {
        let url = directory.appendingPathComponent(name)
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        let type = attributes?[.type] as? FileAttributeType
        if type == .typeSymbolicLink || leadsOut(url) {
            throw LazyDiTError.invalidBundle(
                "\(name) in \(path) is a link or leads out of the bundle: export the bundle again")
        }
        guard type == .typeRegular, let size = (attributes?[.size] as? NSNumber)?.intValue else {
            throw LazyDiTError.invalidBundle(
                "\(name) is missing from \(path), it may have been renamed: export the bundle again")
        }
        guard size == entry.bytes else {
            throw LazyDiTError.invalidBundle(
                "\(name) in \(path) has \(size) bytes instead of \(entry.bytes), it may be truncated: copy or export "
                    + "the bundle again")
        }
        guard try sha256(of: url, name) == entry.sha256 else {
            throw LazyDiTError.invalidBundle(
                "\(name) in \(path) is not the file that was exported (its sha256 differs): copy or export the bundle "
                    + "again")
        }
    }

    /// A link of a folder on the way may lead back into the bundle today and elsewhere tomorrow.
    private func leadsOut(_ url: URL) -> Bool {
        let inside = url.resolvingSymlinksInPath().pathComponents
        return !inside.starts(with: directory.resolvingSymlinksInPath().pathComponents)
    }

    private func sha256(of url: URL, _ name: String) throws -> String {
        let digest = try SHA256()
        try withUnsafeTemporaryAllocation(byteCount: Self.pieceBytes, alignment: 16) { piece in
            try read(url, name, into: piece) { digest.add($0) }
        }
        return digest.finish()
    }

    /// Calls `body` with one piece of a file after the other.
    private func read(
        _ url: URL, _ name: String, into piece: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws {
        guard let stream = InputStream(url: url) else { throw unreadable(name, "it cannot be opened") }
        stream.open()
        defer { stream.close() }
        while true {
            let count = stream.read(piece.baseAddress!.assumingMemoryBound(to: UInt8.self), maxLength: piece.count)
            if count < 0 { throw unreadable(name, "reading stopped") }
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
    }

    /// Throws where a program's folder holds more than the manifest lists: engines read it whole.
    func checkPackage(_ folder: String, of manifest: Manifest) throws {
        guard manifest.listsFiles(in: folder) else { return }
        for name in try entries(of: folder) where manifest.files[name] == nil {
            throw LazyDiTError.invalidBundle(
                "\(name) in \(path) is not listed in the manifest: remove it, or copy or export the bundle again")
        }
    }

    /// The paths within the bundle of all below a folder that is no folder itself.
    private func entries(of folder: String) throws -> [String] {
        do {
            return try FileManager.default.subpathsOfDirectory(atPath: directory.appendingPathComponent(folder).path)
                .map { "\(folder)/\($0)" }
                .filter { try type(of: directory.appendingPathComponent($0)) != .typeDirectory }
        } catch {
            throw unreadable(folder, "its folder cannot be listed")
        }
    }

    private func type(of url: URL) throws -> FileAttributeType? {
        try FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
    }

    /// As the numbers lie: all processors that Swift runs on are little-endian.
    func gates(_ name: String, bytes: Int) throws -> [Float] {
        guard let data = try? Data(contentsOf: directory.appendingPathComponent(name)), data.count == bytes else {
            throw unreadable(name, "it ends early")
        }
        let gates = [Float](unsafeUninitializedCapacity: bytes / MemoryLayout<Float>.size) { gates, count in
            count = data.copyBytes(to: gates) / MemoryLayout<Float>.size
        }
        guard gates.allSatisfy(\.isFinite) else {
            throw LazyDiTError.invalidBundle(
                "\(name) in \(path) holds values that are not finite: learn the gates again")
        }
        return gates
    }

    private func unreadable(_ name: String, _ reason: String) -> LazyDiTError {
        .invalidBundle("\(name) in \(path) cannot be read (\(reason)): check its permissions")
    }
}

/// What went wrong in calls side by side.
private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var first: (index: Int, error: any Error)?

    func collect(_ index: Int, _ work: () throws -> Void) {
        do {
            try work()
        } catch {
            lock.withLock {
                if first.map({ index < $0.index }) ?? true { first = (index, error) }
            }
        }
    }

    func throwFirst() throws {
        if let first { throw first.error }
    }
}
