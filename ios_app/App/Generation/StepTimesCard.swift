import LazyDiTDemo
import SwiftUI

/// Milliseconds per step as bars, with the time of the longest over them.
struct StepTimesCard: View {
    let stepMs: [Double]
    @Environment(\.words) private var words
    @Environment(\.layoutDirection) private var direction

    var body: some View {
        Card(title: words(.stepTimes)) {
            VStack(alignment: .leading, spacing: 4) {
                if let longest = stepMs.max() {
                    Text(words.duration(longest))
                        .font(.footnote)
                        .foregroundStyle(Ink.textSoft.color)
                }
                Canvas { context, size in
                    context.draw(StepBars(stepMs, size: size, rightToLeft: direction == .rightToLeft).marks)
                }
                .frame(height: 96)
            }
            .accessibilityElement(children: .ignore)
            .accessibilityLabel(words.stepTimesDescription(stepMs))
        }
    }
}
