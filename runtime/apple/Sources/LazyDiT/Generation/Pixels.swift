/// An image as numbers.
public struct Pixels: Sendable, Equatable {
    /// 1 (grey) or 3 (red, green, blue).
    public let channels: Int
    public let height: Int
    public let width: Int
    /// `[channels, height, width]` in one row, in [-1, 1] but for overshoots.
    public let values: [Float]

    public init(channels: Int, height: Int, width: Int, values: [Float]) {
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values
    }

    /// The colours as a screen takes them: red, green, blue and alpha of every pixel, row by row. Values beyond [-1, 1] are
    /// cut, and what is not a number is black.
    public var rgba: [UInt8] {
        let size = height * width
        var rgba = [UInt8](repeating: .max, count: 4 * size)
        for colour in 0..<3 {
            let first = min(colour, channels - 1) * size
            for pixel in 0..<size { rgba[4 * pixel + colour] = level(values[first + pixel]) }
        }
        return rgba
    }

    private func level(_ value: Float) -> UInt8 {
        value.isNaN ? 0 : UInt8(((min(max(value, -1), 1) + 1) * 127.5).rounded(.toNearestOrEven))
    }
}
