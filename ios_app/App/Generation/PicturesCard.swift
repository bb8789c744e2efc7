import LazyDiT
import LazyDiTDemo
import SwiftUI

/// The picture, beside one under plain DDIM in the same time; under it where text is very large.
struct PicturesCard: View {
    let drawing: Drawing
    @Environment(\.words) private var words
    @Environment(\.dynamicTypeSize) private var textSize

    var body: some View {
        let layout =
            textSize.isAccessibilitySize
            ? AnyLayout(VStackLayout(spacing: 16)) : AnyLayout(HStackLayout(alignment: .top, spacing: 12))
        Card(title: words.picturesTitle(drawing)) {
            layout {
                Picture(result: drawing.result, policy: drawing.policy)
                if drawing.isCompared { Picture(result: drawing.plain, policy: .always) }
            }
        }
    }
}

/// An image and what it is of; room for it until it is there.
private struct Picture: View {
    let result: GenerationResult?
    let policy: Policy.Kind
    @Environment(\.words) private var words

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            RoundedRectangle(cornerRadius: 12)
                .fill(Ink.picture.color)
                .aspectRatio(1, contentMode: .fit)
                .overlay { image }
                .clipShape(RoundedRectangle(cornerRadius: 12))
            if let result {
                Text(words.pictureCaption(result, policy))
                    .font(.footnote)
                    .foregroundStyle(Ink.textSoft.color)
            }
        }
        .frame(maxWidth: .infinity)
    }

    @ViewBuilder private var image: some View {
        if let result, let pixels = result.image?.cgImage() {
            Image(pixels, scale: 1, label: Text(words.pictureDescription(result, policy)))
                .resizable()
                .interpolation(.high)
                .aspectRatio(contentMode: .fit)
        }
    }
}
