import LazyDiTDemo
import SwiftUI
import UIKit

/// The screen that measures, for its user or for a computer that launched the app.
struct BenchmarkScreen: View {
    let model: BenchmarkModel
    @Environment(\.words) private var words
    @Environment(\.scenePhase) private var phase

    var body: some View {
        Watching(model.state) { state in
            Cards {
                if let problem = state.problem { ProblemCard(problem: problem) { model.open() } }
                PlanCard(state: state, model: model)
                if let report = state.report { ResultsCard(report: report, file: state.file) }
            }
        }
        .navigationTitle(words(.benchmark))
        .navigationBarTitleDisplayMode(.inline)
        .onAppear {
            model.openOnce()
            // Times of a dimmed screen would be those of a slower processor.
            UIApplication.shared.isIdleTimerDisabled = true
        }
        .onDisappear {
            model.cancel()
            UIApplication.shared.isIdleTimerDisabled = false
        }
        .onChange(of: phase) {
            // A suspended app's clock goes on: the image under way would seem to have taken as long as the app was away.
            if phase == .background { model.cancel() }
        }
    }
}
