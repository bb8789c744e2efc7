import Foundation
import Testing

@testable import LazyDiT

/// What may happen to the files of a bundle; the sentences are those of Python and C++.
@Suite struct BundleFilesTests {
    private static let files = ["programs.pte", "gates/7-reference.f32"]

    @Test(arguments: files)
    func aTruncatedFileIsRefused(file: String) throws {
        let bundle = try CopiedBundle()
        let size = try Data(contentsOf: bundle.url(file)).count
        try bundle.change(file) { $0.removeLast() }
        #expect(
            try bundle.refusal()
                == "\(file) in BUNDLE has \(size - 1) bytes instead of \(size), it may be truncated: copy "
                + "or export the bundle again")
    }

    @Test(arguments: files)
    func aFlippedBitIsRefused(file: String) throws {
        let bundle = try CopiedBundle()
        try bundle.change(file) { $0[$0.count - 7] ^= 1 }
        #expect(
            try bundle.refusal() == "\(file) in BUNDLE is not the file that was exported (its sha256 differs): copy or "
                + "export the bundle again")
    }

    @Test(arguments: files)
    func aMissingFileIsRefused(file: String) throws {
        let bundle = try CopiedBundle()
        try FileManager.default.removeItem(at: bundle.url(file))
        let sentence = "\(file) is missing from BUNDLE, it may have been renamed: export the bundle again"
        #expect(try bundle.refusal() == sentence)
        try FileManager.default.createDirectory(at: bundle.url(file), withIntermediateDirectories: true)
        #expect(try bundle.refusal() == sentence)
    }

    @Test(arguments: files)
    func aLinkIsRefused(file: String) throws {
        let bundle = try CopiedBundle()
        try FileManager.default.moveItem(at: bundle.url(file), to: bundle.outside("elsewhere"))
        try FileManager.default.createSymbolicLink(
            at: bundle.url(file), withDestinationURL: bundle.outside("elsewhere"))
        #expect(
            try bundle.refusal() == "\(file) in BUNDLE is a link or leads out of the bundle: export the bundle again")
    }

    @Test func aLinkedFolderIsRefused() throws {
        let bundle = try CopiedBundle()
        try FileManager.default.moveItem(at: bundle.url("gates"), to: bundle.outside("gates"))
        try FileManager.default.createSymbolicLink(
            at: bundle.url("gates"), withDestinationURL: bundle.outside("gates"))
        #expect(try bundle.refusal()?.contains("is a link or leads out of the bundle") == true)
    }

    @Test func ofSeveralFilesTheFirstIsNamed() throws {
        let bundle = try CopiedBundle()
        for file in Self.files + ["condition.pte"] { try bundle.change(file) { $0[0] ^= 1 } }
        #expect(try bundle.refusal()?.hasPrefix("condition.pte in BUNDLE") == true)
    }

    @Test(arguments: [Float.nan, .infinity])
    func gatesThatAreNotFiniteAreRefused(value: Float) throws {
        let bundle = try CopiedBundle()
        let file = "gates/7-reference.f32"
        let before = try sha256(of: bundle.url(file))
        try bundle.change(file) { gates in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { gates.replaceSubrange(400..<404, with: $0) }
        }
        let after = try sha256(of: bundle.url(file))
        try bundle.changeManifest { $0 = $0.replacingOccurrences(of: before, with: after) }
        #expect(
            try bundle.refusal() == "\(file) in BUNDLE holds values that are not finite: learn the gates again")
    }

    private func sha256(of url: URL) throws -> String {
        let digest = try SHA256()
        try Data(contentsOf: url).withUnsafeBytes { digest.add($0) }
        return digest.finish()
    }

    @Test func aPackageOpensWhereAllOfItIsListed() throws {
        let bundle = try CopiedBundle()
        try bundle.makePackage()
        #expect(try bundle.refusal() == nil)
        try FileManager.default.createDirectory(
            at: bundle.url("programs.mlpackage/Empty"), withIntermediateDirectories: true)
        #expect(try bundle.refusal() == nil)
    }

    @Test(arguments: ["programs.mlpackage/more", "programs.mlpackage/Data/.hidden"])
    func aFileTooManyInAPackageIsRefused(name: String) throws {
        let bundle = try CopiedBundle()
        try bundle.makePackage()
        try Data([1]).write(to: bundle.url(name))
        let sentence =
            "\(name) in BUNDLE is not listed in the manifest: remove it, or copy or export the bundle again"
        #expect(try bundle.refusal() == sentence)
        try FileManager.default.removeItem(at: bundle.url(name))
        try FileManager.default.createSymbolicLink(
            at: bundle.url(name), withDestinationURL: FileManager.default.temporaryDirectory)
        #expect(try bundle.refusal() == sentence)
    }

    @Test func filesBesideTheProgramsAreNoConcern() throws {
        let bundle = try CopiedBundle()
        try Data([1]).write(to: bundle.url("notes.txt"))
        #expect(try bundle.refusal() == nil)
    }

    @Test(arguments: ["", "{", "[1, 2]", "null", "{\"schema_version\": NaN}", "\u{0}"])
    func aManifestThatIsNoneIsRefused(text: String) throws {
        let bundle = try CopiedBundle()
        try bundle.changeManifest { $0 = text }
        #expect(try bundle.refusal()?.hasPrefix("BUNDLE/manifest.json ") == true)
    }
}
