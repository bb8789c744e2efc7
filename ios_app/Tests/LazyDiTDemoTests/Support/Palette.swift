import Foundation

@testable import LazyDiTDemo

struct Colour: Equatable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// Relative luminance, as WCAG 2 defines it.
    private var luminance: Double {
        func linear(_ value: UInt8) -> Double {
            let share = Double(value) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// From 1 to 21, as WCAG 2 defines it.
    func contrast(to other: Colour) -> Double {
        let (low, high) = (min(luminance, other.luminance), max(luminance, other.luminance))
        return (high + 0.05) / (low + 0.05)
    }
}

enum Appearance: String, CaseIterable {
    case light
    case dark

    /// The colours of the app's asset catalog.
    func palette() throws -> [Ink: Colour] {
        try Dictionary(uniqueKeysWithValues: Ink.allCases.map { ($0, try colour(of: $0)) })
    }

    private func colour(of ink: Ink) throws -> Colour {
        let file = Fixtures.app.appendingPathComponent("Assets.xcassets/\(ink.rawValue).colorset/Contents.json")
        let set = try JSONDecoder().decode(ColourSet.self, from: Data(contentsOf: file))
        let wished = set.colors.first { $0.isDark == (self == .dark) }!.color.components
        return Colour(red: wished["red"]!.byte, green: wished["green"]!.byte, blue: wished["blue"]!.byte)
    }
}

private struct ColourSet: Decodable {
    let colors: [Entry]

    struct Entry: Decodable {
        let appearances: [[String: String]]?
        let color: Color

        var isDark: Bool { appearances?.contains(["appearance": "luminosity", "value": "dark"]) == true }
    }

    struct Color: Decodable {
        let components: [String: String]
    }
}

extension String {
    /// Of "0x4B".
    fileprivate var byte: UInt8 { UInt8(dropFirst(2), radix: 16)! }
}
