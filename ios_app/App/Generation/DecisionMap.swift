import LazyDiT
import LazyDiTDemo
import SwiftUI

/// One half of the map of decisions. VoiceOver finds an element for every cell in its place.
struct DecisionMap: View {
    let trace: Trace
    let kind: ModuleKind
    let selected: Cell?
    let select: @MainActor (Cell) -> Void
    @Environment(\.words) private var words
    @Environment(\.layoutDirection) private var direction

    var body: some View {
        GeometryReader { place in
            map(DecisionPanel(trace, kind, width: place.size.width, rightToLeft: direction == .rightToLeft))
        }
        .frame(height: DecisionPanel.height(trace))
        // The panel itself knows where a line begins: here, points are counted from the left everywhere.
        .environment(\.layoutDirection, .leftToRight)
    }

    private func map(_ panel: DecisionPanel) -> some View {
        Canvas { context, _ in context.draw(panel.marks(selected: selected)) }
            .contentShape(Rectangle())
            .onTapGesture { point in
                if let cell = panel.cell(at: point) { select(cell) }
            }
            .accessibilityLabel(words.mapDescription(panel))
            .accessibilityChildren {
                ZStack(alignment: .topLeading) {
                    ForEach(panel.cells, id: \.self) { element($0, in: panel.frame(of: $0)) }
                }
            }
    }

    private func element(_ cell: Cell, in frame: CGRect) -> some View {
        Rectangle()
            .frame(width: frame.width, height: frame.height)
            .accessibilityLabel(words.cell(cell, in: trace))
            .accessibilityAddTraits(cell == selected ? [.isButton, .isSelected] : .isButton)
            .accessibilityAction { select(cell) }
            .position(x: frame.midX, y: frame.midY)
    }
}
