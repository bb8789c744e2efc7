import LazyDiT
import LazyDiTDemo
import SwiftUI

/// What to measure, and the progress of it.
struct PlanCard: View {
    let state: BenchmarkState
    let model: BenchmarkModel
    @Environment(\.words) private var words

    var body: some View {
        Card {
            Text(words(.benchmarkAbout)).foregroundStyle(Ink.textSoft.color)
            Group {
                policies
                steps
                rounds
            }
            .disabled(state.progress != nil)
            if let progress = state.progress {
                WorkView(text: words.progress(progress), share: progress.share) { model.cancel() }
            } else {
                Button(words(.benchmarkStart)) { model.start() }
                    .buttonStyle(MainButtonStyle())
                    .disabled(!state.canStart)
            }
        }
    }

    private var policies: some View {
        Choices(
            words(.policies), Policy.Kind.allCases, width: 128, name: { words.policy($0) },
            isChosen: { state.plan.policies.contains($0) }, choose: { policy in model.choose { $0.toggle(policy) } })
    }

    private var steps: some View {
        Choices(
            words(.steps), state.stepCounts, width: 72, name: { String($0) },
            isChosen: { state.plan.steps.contains($0) }, choose: { steps in model.choose { $0.toggle(steps: steps) } })
    }

    private var rounds: some View {
        Choices(
            words(.rounds), BenchmarkPlan.roundCounts, width: 56, name: { String($0) },
            isChosen: { $0 == state.plan.rounds }, choose: { rounds in model.choose { $0.rounds = rounds } })
    }
}
