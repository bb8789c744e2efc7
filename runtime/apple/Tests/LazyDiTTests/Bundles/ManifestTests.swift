import Foundation
import Testing

@testable import LazyDiT

@Suite struct ManifestTests {
    private static let source = "manifest.json"

    /// The sentence with which a manifest is refused; nil where it is accepted.
    private func refusal(_ data: Data) throws -> String? {
        do {
            try ManifestReader.manifest(in: data, source: Self.source).check()
            return nil
        } catch let error as LazyDiTError {
            return error.sentence
        }
    }

    /// Of a wrong structure every reader has words of its own, but they name the same place.
    @Test func whatPythonRefusesIsRefusedInTheSameWordsAndNothingElse() throws {
        let refusals = try Refusals.written()
        #expect(refusals.cases.count > 1000)
        for one in refusals.cases {
            let sentence = try refusal(refusals.damaged(by: one))
            guard let expected = one.sentence, let sentence else {
                #expect(sentence == one.sentence, "\(one.name)")
                continue
            }
            #expect(sentence.isPrintable, "\(one.name)")
            if expected.contains(Self.wrongAt) {
                #expect(isAt(expected, sentence), "\(one.name): \(sentence); \(expected)")
            } else if !Self.noIntegers.contains(one.name) {
                #expect(sentence == expected, "\(one.name)")
            }
        }
    }

    /// As a file that was cut, or written over, at any byte.
    @Test func howeverItIsDamagedThereIsASentence() throws {
        let sound = Array(try Refusals.written().manifest.utf8)
        let pieces = ["\"", "{", "}", "[", "]", ",", ":", "null", "-1", "0", "1e308", "9223372036854775808", "\\u0000"]
        var random = SplitMix64(state: 1)
        var accepted = 0
        for _ in 0..<300 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<min(place + 8, bytes.count))
                case 2: bytes.insert(contentsOf: pieces.randomElement(using: &random)!.utf8, at: place)
                default: bytes.removeSubrange(max(place, bytes.count - 50)...)
                }
            }
            let sentence = try refusal(Data(bytes))
            accepted += sentence == nil ? 1 : 0
            #expect(sentence?.isPrintable ?? true)
        }
        #expect(accepted < 150)
    }

    private static let wrongAt = " is wrong at "
    /// Beyond what Foundation takes for integers: there is no version then.
    private static let noIntegers = [
        "schema_version is 1000000000000000000000000000000", "schema_version is 18446744073709551616",
    ]

    /// A malformed key is a place of its own here, where Python names the object that it is in.
    private func isAt(_ expected: String, _ sentence: String) -> Bool {
        guard let there = place(of: expected), let here = place(of: sentence) else { return false }
        return here == there || here.hasPrefix("\(there).")
    }

    /// Such as `files.programs.pte.bytes`, for which Python says `files['programs.pte'].bytes`.
    private func place(of sentence: String) -> Substring? {
        let plain = sentence.replacingOccurrences(of: "['", with: ".").replacingOccurrences(of: "']", with: "")
        return plain.components(separatedBy: Self.wrongAt).last?.components(separatedBy: " (").first?[...]
    }
}

/// The same numbers on every run.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
