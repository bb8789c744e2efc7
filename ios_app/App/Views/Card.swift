import LazyDiTDemo
import SwiftUI

/// Cards under one another on the app's background; as wide as a line of text can be read.
struct Cards<Content: View>: View {
    @ViewBuilder let content: Content

    var body: some View {
        ScrollView {
            VStack(spacing: 16) { content }
                .padding(16)
                .frame(maxWidth: 640)
                .frame(maxWidth: .infinity)
        }
        .background(Ink.background.color)
        .scrollDismissesKeyboard(.immediately)
    }
}

struct Card<Content: View>: View {
    var title: String?
    var ink = Ink.card
    @ViewBuilder let content: Content

    var body: some View {
        VStack(alignment: .leading, spacing: 16) {
            if let title {
                Text(title)
                    .font(.headline)
                    .accessibilityAddTraits(.isHeader)
            }
            content
        }
        .foregroundStyle(Ink.text.color)
        .padding(16)
        .frame(maxWidth: .infinity, alignment: .leading)
        .background(ink.color, in: RoundedRectangle(cornerRadius: 16))
    }
}

/// Says what a field is for. VoiceOver hears it as the name of the field.
struct FieldTitle: View {
    let title: String

    var body: some View {
        Text(title)
            .font(.subheadline)
            .foregroundStyle(Ink.textSoft.color)
            .accessibilityHidden(true)
    }
}
