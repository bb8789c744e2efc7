import Foundation

/// The bundles that the app can use: those that were copied into its documents, and the one among its resources.
public struct Bundles: Sendable {
    /// Holds a folder per bundle, and need not exist.
    public let folder: URL
    /// The app's own; nil or a place where nothing is if it was built without.
    public let shipped: URL?

    public init(folder: URL, shipped: URL?) {
        self.folder = folder
        self.shipped = shipped
    }

    /// The folder of the bundle called `name`, nil for the newest that was copied, or else the app's own.
    ///
    /// Throws ``ProblemError`` where there is none.
    func find(_ name: String?) throws -> URL {
        let copied = all().filter { name == nil || $0.lastPathComponent == name }
        if let newest = copied.max(by: { written($0) < written($1) }) { return newest }
        guard name == nil, let shipped, isBundle(shipped) else { throw ProblemError(.noBundle) }
        return shipped
    }

    /// A name that begins with a dot is a bundle that is still being copied.
    private func all() -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
        return (found ?? []).filter(isBundle)
    }

    private func isBundle(_ directory: URL) -> Bool {
        FileManager.default.fileExists(atPath: manifest(directory).path)
    }

    private func written(_ directory: URL) -> Date {
        let values = try? manifest(directory).resourceValues(forKeys: [.contentModificationDateKey])
        return values?.contentModificationDate ?? .distantPast
    }

    private func manifest(_ directory: URL) -> URL {
        directory.appendingPathComponent("manifest.json")
    }
}
