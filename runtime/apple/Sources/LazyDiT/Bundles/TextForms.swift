// What names and paths of a manifest may hold. Bytes count, not what a reader sees: to Swift, a letter and the same
// letter of two parts are equal, and a slash that carries an accent is no slash.

extension String {
    /// Without control characters.
    var isPrintable: Bool { !unicodeScalars.contains(where: \.isControl) }

    /// 1 to 100 letters, digits, _ . -
    var isName: Bool {
        (1...100).contains(utf8.count)
            && isMade(of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
    }

    /// Relative, with forward slashes, without . and .. and control characters.
    var isRelativePath: Bool {
        guard isPrintable, !utf8.contains(UInt8(ascii: "\\")), !utf8.contains(UInt8(ascii: ":")) else { return false }
        return utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
    }

    /// Of nothing but these ASCII characters.
    func isMade(of characters: String) -> Bool { utf8.allSatisfy(characters.utf8.contains) }
}

extension Unicode.Scalar {
    var isControl: Bool { value < 0x20 || value == 0x7f }
}
