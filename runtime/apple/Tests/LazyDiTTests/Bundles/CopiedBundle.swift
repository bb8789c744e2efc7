import Foundation

@testable import LazyDiT

/// A copy of the bundle `tiny-android` to damage, removed with this object.
final class CopiedBundle {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    var directory: URL { folder.appendingPathComponent("bundle") }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Fixtures.bundles.appendingPathComponent("tiny-android"), to: directory)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func url(_ name: String) -> URL { directory.appendingPathComponent(name) }

    /// Beside the bundle.
    func outside(_ name: String) -> URL { folder.appendingPathComponent(name) }

    func change(_ name: String, _ change: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: url(name))
        change(&data)
        try data.write(to: url(name))
    }

    func changeManifest(_ change: (inout String) -> Void) throws {
        var text = try String(contentsOf: url("manifest.json"), encoding: .utf8)
        change(&text)
        try text.write(to: url("manifest.json"), atomically: true, encoding: .utf8)
    }

    /// Moves programs.pte into a package, which the manifest then lists.
    func makePackage() throws {
        let data = url("programs.mlpackage/Data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: url("programs.pte"), to: data.appendingPathComponent("model"))
        try changeManifest { manifest in
            manifest = manifest.replacingOccurrences(
                of: #""programs.pte": {"#, with: #""programs.mlpackage/Data/model": {"#
            )
            .replacingOccurrences(of: #""programs.pte""#, with: #""programs.mlpackage""#)
        }
    }

    /// Its path replaced by BUNDLE; nil where it opens.
    func refusal() throws -> String? {
        do {
            _ = try ModelBundle(directory: directory)
            return nil
        } catch LazyDiTError.invalidBundle(let sentence) {
            return sentence.replacingOccurrences(of: directory.path, with: "BUNDLE")
        }
    }
}
