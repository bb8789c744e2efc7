import LazyDiTDemo
import SwiftUI
import UIKit

/// The screen that draws digits.
struct GenerationScreen: View {
    let model: GenerationModel
    let benchmark: BenchmarkModel
    @Environment(\.words) private var words

    var body: some View {
        Watching(model.state) { state in
            Cards {
                if let problem = state.problem { ProblemCard(problem: problem) { model.open() } }
                RequestCard(state: state, model: model)
                if let drawing = state.drawing {
                    PicturesCard(drawing: drawing)
                    DecisionsCard(drawing: drawing) { model.select($0) }
                    StepTimesCard(stepMs: drawing.result.timings.stepMs)
                }
            }
            .onChange(of: state.drawing == nil) { announce(state.drawing) }
        }
        .navigationTitle(words(.appName))
        .toolbar {
            ToolbarItem(placement: .topBarTrailing) {
                NavigationLink(words(.benchmark)) { BenchmarkScreen(model: benchmark) }
            }
        }
        .onAppear { model.openOnce() }
    }

    /// VoiceOver is elsewhere when a picture is done.
    private func announce(_ drawing: Drawing?) {
        guard let drawing else { return }
        UIAccessibility.post(
            notification: .announcement, argument: words.pictureDescription(drawing.result, drawing.policy))
    }
}
