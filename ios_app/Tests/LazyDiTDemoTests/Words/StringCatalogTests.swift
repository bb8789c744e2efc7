import Foundation
import Testing

@testable import LazyDiTDemo

@Suite struct StringCatalogTests {
    private static let languages = ["en", "de"]

    @Test func everyPhraseIsInEveryLanguageAndNothingElseIs() throws {
        let strings = try StringCatalog.read().strings
        #expect(Set(strings.keys) == Set(Phrase.allCases.map(\.rawValue)))
        for (key, entry) in strings {
            #expect(Set(entry.localizations.keys) == Set(Self.languages), "\(key)")
            for (language, localization) in entry.localizations {
                #expect(localization.texts["other"]?.isEmpty == false, "\(key) in \(language)")
            }
        }
    }

    /// So that no language leaves out what another says, and no placeholder meets an argument of another type.
    @Test func placeholdersAreTheSameInEveryLanguage() throws {
        for (key, entry) in try StringCatalog.read().strings {
            let texts = entry.localizations.values.flatMap(\.texts.values)
            let placeholders = try texts.map { text in
                try text.matches(of: Regex("%[0-9]\\$(@|lld)")).map { String(text[$0.range]) }.sorted()
            }
            #expect(Set(placeholders).count == 1, "\(key)")
            let percents = texts.map { $0.replacing("%%", with: "").count { $0 == "%" } }
            // A percent sign that is meant as such is doubled.
            #expect(zip(percents, placeholders).allSatisfy { $0 == $1.count }, "\(key)")
        }
    }
}
