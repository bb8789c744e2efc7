import LazyDiTDemo
import SwiftUI

/// Buttons in as many lines as they need, of which some are chosen.
struct Choices<Option: Hashable>: View {
    let title: String
    let options: [Option]
    let name: (Option) -> String
    let isChosen: (Option) -> Bool
    let choose: @MainActor (Option) -> Void
    @ScaledMetric private var width: CGFloat

    /// `width` is the least of a button, at the usual size of text.
    init(
        _ title: String, _ options: [Option], width: CGFloat, name: @escaping (Option) -> String,
        isChosen: @escaping (Option) -> Bool, choose: @escaping @MainActor (Option) -> Void
    ) {
        self.title = title
        self.options = options
        self.name = name
        self.isChosen = isChosen
        self.choose = choose
        _width = ScaledMetric(wrappedValue: width)
    }

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            FieldTitle(title: title)
            LazyVGrid(columns: [GridItem(.adaptive(minimum: width), spacing: 8)], spacing: 8) {
                ForEach(options, id: \.self) { option in
                    Button(name(option)) { choose(option) }
                        .buttonStyle(ChoiceButtonStyle(isChosen: isChosen(option)))
                        .accessibilityAddTraits(isChosen(option) ? .isSelected : [])
                }
            }
        }
        .accessibilityElement(children: .contain)
        .accessibilityLabel(title)
    }
}
