import LazyDiTDemo
import SwiftUI

/// The map of decisions, and the score of the cell that was tapped.
struct DecisionsCard: View {
    let drawing: Drawing
    let select: @MainActor (Cell) -> Void
    @Environment(\.words) private var words

    var body: some View {
        let trace = drawing.result.trace
        Card(title: words(.decisions)) {
            Text(words.decisionsSummary(drawing.result))
            ForEach(ModuleKind.allCases, id: \.self) { kind in
                VStack(alignment: .leading, spacing: 8) {
                    FieldTitle(title: words.kind(kind))
                    DecisionMap(trace: trace, kind: kind, selected: drawing.selected, select: select)
                }
            }
            Text(words.cell(drawing.selected, in: trace))
                .font(.footnote.monospacedDigit())
                .foregroundStyle(Ink.textSoft.color)
        }
    }
}
