import Foundation

@testable import LazyDiTDemo

/// Draws marks as pixels.
struct Raster {
    let width: Int
    let height: Int
    private let scale: CGFloat
    private(set) var pixels: [Colour]

    init(size: CGSize, scale: CGFloat, background: Colour) {
        self.scale = scale
        width = Int((size.width * scale).rounded())
        height = Int((size.height * scale).rounded())
        pixels = Array(repeating: background, count: width * height)
    }

    /// With the upper left corner of the drawing at `origin`.
    mutating func draw(_ marks: [Mark], at origin: CGPoint, _ palette: [Ink: Colour]) {
        for mark in marks {
            let frame = mark.frame.offsetBy(dx: origin.x, dy: origin.y)
            let colour = palette[mark.ink]!
            for y in touched(frame.minY, frame.maxY, of: height) {
                for x in touched(frame.minX, frame.maxX, of: width) where covers(mark, frame, x, y) {
                    pixels[y * width + x] = colour
                }
            }
        }
    }

    subscript(point: CGPoint) -> Colour {
        pixels[Int(point.y * scale) * width + Int(point.x * scale)]
    }

    /// The pixels between two places, of `all` in a row or column.
    private func touched(_ low: CGFloat, _ high: CGFloat, of all: Int) -> Range<Int> {
        let first = max(Int((low * scale).rounded(.down)), 0)
        return first..<max(min(Int((high * scale).rounded(.up)), all), first)
    }

    /// Whether the middle of a pixel lies in a mark.
    private func covers(_ mark: Mark, _ frame: CGRect, _ x: Int, _ y: Int) -> Bool {
        let point = CGPoint(x: (CGFloat(x) + 0.5) / scale, y: (CGFloat(y) + 0.5) / scale)
        guard frame.contains(point) else { return false }
        if let line = mark.line { return !frame.insetBy(dx: line, dy: line).contains(point) }
        // Beside the straight edges, the distance to the nearest corner's centre decides.
        let straight = frame.insetBy(dx: mark.cornerRadius, dy: mark.cornerRadius)
        let dx = max(straight.minX - point.x, point.x - straight.maxX, 0)
        let dy = max(straight.minY - point.y, point.y - straight.maxY, 0)
        return (dx * dx + dy * dy).squareRoot() <= mark.cornerRadius
    }
}
