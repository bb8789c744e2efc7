import LazyDiTDemo
import SwiftUI

/// What is under way, how much of it is done where that is known, and the button that ends it.
struct WorkView: View {
    let text: String
    let share: Double?
    let cancel: @MainActor () -> Void
    @Environment(\.words) private var words

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            Text(text).font(.body.monospacedDigit())
            if let share {
                ProgressView(value: share)
            } else {
                ProgressView()
            }
        }
        .accessibilityElement(children: .combine)
        .accessibilityAddTraits(.updatesFrequently)
        Button(words(.cancel), action: cancel).buttonStyle(QuietButtonStyle())
    }
}
