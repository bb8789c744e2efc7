import LazyDiT
import Testing

@Suite struct PixelsTests {
    @Test func coloursAreRoundedAndCutAsOnEveryPlatform() {
        let pixels = Pixels(channels: 3, height: 1, width: 2, values: [-1, 1, 0, 2, -3, .nan])
        #expect(pixels.rgba == [0, 128, 0, 255, 255, 255, 0, 255])
    }

    @Test func greyIsTheSameInAllColours() {
        #expect(Pixels(channels: 1, height: 1, width: 1, values: [1]).rgba == [255, 255, 255, 255])
    }
}
