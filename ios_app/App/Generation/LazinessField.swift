import LazyDiTDemo
import SwiftUI

/// The slider whose places are the lazy ratios that were measured.
struct LazinessField: View {
    let slider: LazinessSlider
    let choosePlace: @MainActor (Int) -> Void
    @Environment(\.words) private var words

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            HStack {
                FieldTitle(title: words(.laziness))
                Spacer()
                Text(words.laziness(slider.lazyRatio)).accessibilityHidden(true)
            }
            Slider(value: place, in: 0...Double(slider.last), step: 1) {
                Text(words(.lazinessDescription))
            }
            .accessibilityValue(words.laziness(slider.lazyRatio))
        }
    }

    private var place: Binding<Double> {
        let (now, choosePlace) = (Double(slider.place), choosePlace)
        return Binding(get: { now }, set: { @MainActor place in choosePlace(Int(place.rounded())) })
    }
}
