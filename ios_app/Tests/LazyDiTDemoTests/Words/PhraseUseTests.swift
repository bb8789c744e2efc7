import Foundation
import Testing

@testable import LazyDiTDemo

/// Reads the app's sources. That every phrase is in every language, ``StringCatalogTests`` tell.
@Suite struct PhraseUseTests {
    /// The first argument of a call that says a phrase, and the phrases in it: one, or the branches of a condition.
    private let call = #/\b(?:words|self)\(([^,()]*)/#
    private let phrase = #/(?:^|\s)\.(\w+)/#
    private let literal =
        #/
        \b(?:Text|Button|Label|NavigationLink|TextField|navigationTitle|accessibility\w+)
        \((?:verbatim:\s)?("[^"]*")
        /#

    @Test func everyPhraseIsSaidByAViewOrByTheWords() throws {
        let said = try (Fixtures.sources + Fixtures.views).flatMap { source in
            source.matches(of: call).flatMap { $0.output.1.matches(of: phrase).map { String($0.output.1) } }
        }
        #expect(Set(Phrase.allCases.map { "\($0)" }).subtracting(said) == [])
    }

    @Test func noViewSaysAnythingElse() throws {
        let views = try Fixtures.views
        #expect(views.count > 10)
        #expect(views.flatMap { $0.matches(of: literal).map { String($0.output.1) } } == [])
        // What the check would find.
        #expect(#"Text("Hello")"#.contains(literal) && !"Text(words(.digit))".contains(literal))
    }
}

extension Fixtures {
    /// Of the library and of the views, the text of every file.
    fileprivate static var sources: [String] {
        get throws { try texts(app.deletingLastPathComponent().appendingPathComponent("Sources")) }
    }

    fileprivate static var views: [String] {
        get throws { try texts(app) }
    }

    private static func texts(_ folder: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
    }
}
