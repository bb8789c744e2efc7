import LazyDiTDemo
import SwiftUI

/// A field for a number from 0 on. It shows what is typed, and then the number that came of it.
struct NumberField: View {
    let title: String
    let number: UInt64
    let onNumber: @MainActor (UInt64) -> Void
    @State private var text = ""
    @FocusState private var isTyping: Bool

    init(_ title: String, _ number: UInt64, onNumber: @escaping @MainActor (UInt64) -> Void) {
        self.title = title
        self.number = number
        self.onNumber = onNumber
    }

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            FieldTitle(title: title)
            TextField(title, text: $text)
                .keyboardType(.numberPad)
                .focused($isTyping)
                .padding(8)
                .frame(minHeight: 44)
                .overlay { RoundedRectangle(cornerRadius: 12).strokeBorder(Ink.outline.color) }
        }
        .onChange(of: number, initial: true) { if UInt64(text) != number { text = String(number) } }
        .onChange(of: isTyping) { if !isTyping { text = String(number) } }
        .onChange(of: text) { if isTyping, let typed = UInt64(text) { onNumber(typed) } }
    }
}
