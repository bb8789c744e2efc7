import Foundation

/// What something is drawn in. The raw values name the app's colour assets, which have a light and a dark appearance.
public enum Ink: String, CaseIterable, Sendable {
    case background
    case card
    case text
    case textSoft = "text_soft"
    case outline
    case primary
    case onPrimary = "on_primary"
    case primarySoft = "primary_soft"
    case onPrimarySoft = "on_primary_soft"
    case attention
    case feedforward
    case reused
    case error
    case errorSoft = "error_soft"
    case picture
}

/// A rectangle of a drawing.
public struct Mark: Equatable, Sendable {
    public let frame: CGRect
    public let cornerRadius: CGFloat
    public let ink: Ink
    /// Width of the line, inside of the frame; nil fills it.
    public let line: CGFloat?

    init(_ frame: CGRect, _ ink: Ink, cornerRadius: CGFloat = 0, line: CGFloat? = nil) {
        self.frame = frame
        self.ink = ink
        self.cornerRadius = cornerRadius
        self.line = line
    }
}
