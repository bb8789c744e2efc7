import Testing

@testable import LazyDiTDemo

/// Contrast as WCAG 2.1 asks for it: 4.5 for text, 3 for what has to be seen.
@Suite struct ColoursTests {
    @Test(arguments: Appearance.allCases) func textCanBeReadOnWhatIsBehindIt(appearance: Appearance) throws {
        let palette = try appearance.palette()
        let pairs: [(Ink, Ink)] = [
            (.text, .card), (.text, .background), (.textSoft, .card), (.textSoft, .background), (.primary, .card),
            (.primary, .background), (.onPrimary, .primary), (.onPrimarySoft, .primarySoft), (.error, .errorSoft),
        ]
        for (text, behind) in pairs {
            #expect(palette[text]!.contrast(to: palette[behind]!) >= 4.5, "\(text) on \(behind)")
        }
    }

    @Test(arguments: Appearance.allCases) func whatRanIsToldFromWhatWasReused(appearance: Appearance) throws {
        let palette = try appearance.palette()
        for ran in [Ink.attention, .feedforward] {
            #expect(palette[ran]!.contrast(to: palette[.reused]!) >= 3)
        }
    }
}
