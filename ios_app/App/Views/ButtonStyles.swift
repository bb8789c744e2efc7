import LazyDiTDemo
import SwiftUI

/// Of the one button that a card is about.
struct MainButtonStyle: ButtonStyle {
    func makeBody(configuration: Configuration) -> some View {
        ButtonFace(configuration: configuration, text: .onPrimary, fill: .primary, line: .primary)
    }
}

struct QuietButtonStyle: ButtonStyle {
    func makeBody(configuration: Configuration) -> some View {
        ButtonFace(configuration: configuration, text: .primary, fill: .card, line: .outline)
    }
}

/// Of an option among others.
struct ChoiceButtonStyle: ButtonStyle {
    let isChosen: Bool

    func makeBody(configuration: Configuration) -> some View {
        if isChosen {
            ButtonFace(configuration: configuration, text: .onPrimarySoft, fill: .primarySoft, line: .primarySoft)
        } else {
            ButtonFace(configuration: configuration, text: .text, fill: .card, line: .outline)
        }
    }
}

/// As wide as there is room, and high enough for a finger.
private struct ButtonFace: View {
    let configuration: ButtonStyleConfiguration
    let text: Ink
    let fill: Ink
    let line: Ink
    @Environment(\.isEnabled) private var isEnabled

    var body: some View {
        let shape = RoundedRectangle(cornerRadius: 12)
        configuration.label
            .font(.body.weight(.medium))
            .multilineTextAlignment(.center)
            .foregroundStyle(text.color)
            .padding(8)
            .frame(maxWidth: .infinity, minHeight: 44)
            .background(fill.color, in: shape)
            .overlay { shape.strokeBorder(line.color) }
            .contentShape(shape)
            .opacity(isEnabled ? configuration.isPressed ? 0.7 : 1 : 0.5)
    }
}
