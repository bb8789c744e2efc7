import Foundation
import Testing

@testable import LazyDiT

/// Against the examples of FIPS 180-4.
@Suite struct SHA256Tests {
    private func digest(_ pieces: [[UInt8]]) throws -> String {
        let digest = try SHA256()
        for piece in pieces { piece.withUnsafeBytes { digest.add($0) } }
        return digest.finish()
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func examples(text: String, expected: String) throws {
        #expect(try digest([Array(text.utf8)]) == expected)
        #expect(try digest(text.utf8.map { [$0] }) == expected)
    }

    @Test(arguments: [1, 63, 64, 65, 1000])
    func aMillionTimesAInPieces(size: Int) throws {
        let pieces = stride(from: 0, to: 1_000_000, by: size).map {
            [UInt8](repeating: UInt8(ascii: "a"), count: min(size, 1_000_000 - $0))
        }
        #expect(
            try digest(pieces) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
