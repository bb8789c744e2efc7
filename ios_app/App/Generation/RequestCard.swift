import LazyDiT
import LazyDiTDemo
import SwiftUI

/// What to draw, the time that it should take, and the progress of it.
struct RequestCard: View {
    let state: GenerationState
    let model: GenerationModel
    @Environment(\.words) private var words

    var body: some View {
        Card {
            Group {
                label
                seed
                steps
                policy
                if let slider = state.slider {
                    LazinessField(slider: slider) { model.choosePlace($0) }
                }
            }
            .disabled(state.work.isUnderWay)
            if let estimate = state.estimate {
                Text(words.estimate(estimate)).font(.body.weight(.medium))
            }
            if let text = words.work(state.work) {
                WorkView(text: text, share: state.work.share) { model.cancel() }
            } else {
                Button(words(.generate)) { model.generate() }.buttonStyle(MainButtonStyle())
            }
        }
    }

    @ViewBuilder private var label: some View {
        if let labels = state.labels {
            Choices(
                words.labelTitle(state), Array(labels), width: 48, name: { String($0) },
                isChosen: { $0 == state.choice.label }, choose: { label in model.choose { $0.label = label } })
        } else {
            NumberField(words.labelTitle(state), UInt64(state.choice.label)) { model.chooseLabel($0) }
        }
    }

    private var seed: some View {
        VStack(spacing: 8) {
            NumberField(words(.seed), state.choice.seed) { seed in model.choose { $0.seed = seed } }
            Button(words(.newSeed)) { model.chooseNewSeed() }.buttonStyle(QuietButtonStyle())
        }
    }

    private var steps: some View {
        Choices(
            words(.steps), state.stepCounts, width: 72, name: { String($0) }, isChosen: { $0 == state.choice.steps },
            choose: { steps in model.choose { $0.steps = steps } })
    }

    private var policy: some View {
        Choices(
            words(.policy), Policy.Kind.allCases, width: 128, name: { words.policy($0) },
            isChosen: { $0 == state.choice.policy }, choose: { policy in model.choose { $0.policy = policy } })
    }
}
