import Foundation

@testable import LazyDiTDemo

/// A Localizable.xcstrings, read as Apple documents the format.
struct StringCatalog: Decodable {
    let strings: [String: Entry]

    struct Entry: Decodable {
        let localizations: [String: Localization]
    }

    struct Localization: Decodable {
        let stringUnit: Unit?
        let variations: [String: [String: Variation]]?

        /// All its texts: by plural category, or the only one as `other`.
        var texts: [String: String] {
            if let stringUnit { return ["other": stringUnit.value] }
            return (variations?["plural"] ?? [:]).mapValues(\.stringUnit.value)
        }
    }

    struct Variation: Decodable {
        let stringUnit: Unit
    }

    struct Unit: Decodable {
        let value: String
    }

    static func read() throws -> StringCatalog {
        let file = Fixtures.app.appendingPathComponent("Localizable.xcstrings")
        return try JSONDecoder().decode(StringCatalog.self, from: Data(contentsOf: file))
    }

    /// The app's words in a language; English and German have a singular for one alone.
    func words(_ language: String) -> Words {
        let texts = strings.mapValues { $0.localizations[language]?.texts ?? [:] }
        let locale = Locale(identifier: language)
        return Words(locale: locale) { key, arguments in
            let category = arguments.first as? Int == 1 ? "one" : "other"
            let format = texts[key]?[category] ?? texts[key]?["other"] ?? key
            return String(format: format, locale: locale, arguments: arguments)
        }
    }
}

extension Words {
    static func inLanguage(_ language: String) throws -> Words {
        try StringCatalog.read().words(language)
    }
}
