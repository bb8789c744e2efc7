public struct Text: View, Equatable, Sendable {
    public typealias Body = Never

    /// For a literal, Apple's overload that takes a key of the string catalog is preferred: the app has no literals.
    nonisolated public init<S: StringProtocol>(_ content: S) { fatalError() }
}

public enum TextAlignment: Hashable, CaseIterable, Sendable {
    case leading, center, trailing
}

public struct Font: Hashable, Sendable {
    public static let headline = Font()
    public static let subheadline = Font()
    public static let body = Font()
    public static let callout = Font()
    public static let footnote = Font()

    public func weight(_ weight: Weight) -> Font { fatalError() }
    public func monospacedDigit() -> Font { fatalError() }

    public struct Weight: Hashable, Sendable {
        public static let medium = Weight()
    }
}

extension View {
    nonisolated public func font(_ font: Font?) -> some View { self }
    nonisolated public func multilineTextAlignment(_ alignment: TextAlignment) -> some View { self }
}
