import Foundation

/// The app's phrases in one language.
///
/// Not `String(localized:)`: that has no other source than a bundle that Xcode has made, and so would not be tested where
/// there is none.
public struct Words: Sendable {
    /// The phrase of a key, with what stands for its placeholders.
    public typealias Source = @Sendable (_ key: String, _ arguments: [any CVarArg]) -> String

    private let source: Source
    private let locale: Locale

    public init(locale: Locale, source: @escaping Source) {
        self.locale = locale
        self.source = source
    }

    /// From the string catalog of the app.
    public static var app: Words {
        Words(locale: .current) { key, arguments in
            String(
                format: Bundle.main.localizedString(forKey: key, value: nil, table: nil), locale: .current,
                arguments: arguments)
        }
    }

    public func callAsFunction(_ phrase: Phrase, _ arguments: any CVarArg...) -> String {
        source(phrase.rawValue, arguments)
    }

    /// Milliseconds with two or three digits, as seconds from one second on.
    public func duration(_ milliseconds: Double) -> String {
        switch milliseconds {
        case ..<9.95: self(.milliseconds, number(milliseconds, digits: 1))
        case ..<999.5: self(.milliseconds, number(milliseconds, digits: 0))
        default: self(.seconds, number(milliseconds / 1000, digits: 1))
        }
    }

    public func percent(_ share: Double) -> String {
        self(.percent, Int((100 * share).rounded()))
    }

    func number(_ value: Double, digits: Int) -> String {
        String(format: "%.\(digits)f", locale: locale, value)
    }
}
