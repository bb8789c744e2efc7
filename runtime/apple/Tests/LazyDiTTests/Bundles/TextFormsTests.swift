import Testing

@testable import LazyDiT

@Suite struct TextFormsTests {
    @Test(arguments: ["a", "block_07_attn", "10-r50", "v1.2", String(repeating: "a", count: 100)])
    func names(text: String) {
        #expect(text.isName)
    }

    @Test(arguments: ["", "a b", "a/b", "é", "a\n", "a\u{301}", "\u{212a}", String(repeating: "a", count: 101)])
    func noNames(text: String) {
        #expect(!text.isName)
    }

    @Test(arguments: ["a", "programs/a.pte", "a.mlpackage/Data/weights.bin", "...", "a b/ü", ".a/b..", "\u{301}"])
    func paths(text: String) {
        #expect(text.isRelativePath)
    }

    @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "c:a", "a\nb", "a\u{7f}"])
    func noPaths(text: String) {
        #expect(!text.isRelativePath)
    }

    /// A slash and the accent after it are one character to Swift and two to a file system.
    @Test func aSlashWithAnAccentIsASlash() {
        #expect(!"/\u{301}a".isRelativePath)
        #expect(!"../\u{301}a".isRelativePath)
    }
}
