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

    @Test func whatPythonRefusesIsRefusedAndNothingElse() throws {
        let refusals = try Refusals.written()
        #expect(refusals.cases.count > 1000)
        for one in refusals.cases {
            let sentence = try refusal(refusals.damaged(by: one))
            #expect((sentence == nil) == (one.sentence == nil), "\(one.name): \(sentence ?? "accepted")")
        }
    }

    /// Of a wrong structure every reader has words of its own, but they name the same place.
    @Test func theSentencesArePythons() throws {
        let refusals = try Refusals.written()
        for one in refusals.cases where !Self.noIntegers.contains(one.name) {
            guard let expected = one.sentence else { continue }
            let sentence = try #require(try refusal(refusals.damaged(by: one)))
            #expect(sentence.hasSuffix(": export the bundle again") || sentence.contains("schema"))
            #expect(!sentence.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }, "\(one.name)")
            if expected.contains(Self.wrongAt) {
                #expect(isAt(expected, sentence), "\(one.name): \(sentence); \(expected)")
            } else {
                #expect(sentence == expected, "\(one.name)")
            }
        }
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
