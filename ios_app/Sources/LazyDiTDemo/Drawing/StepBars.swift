import Foundation

/// Milliseconds per step as bars, the first step at the starting edge, under a line at the height of the longest.
public struct StepBars: Sendable {
    private let stepMs: [Double]
    private let size: CGSize
    private let rightToLeft: Bool

    public init(_ stepMs: [Double], size: CGSize, rightToLeft: Bool = false) {
        self.stepMs = stepMs
        self.size = size
        self.rightToLeft = rightToLeft
    }

    public var marks: [Mark] {
        guard let longest = stepMs.max(), longest > 0 else { return [] }
        let line = Mark(CGRect(x: 0, y: 0, width: size.width, height: Self.line), .outline)
        let column = size.width / CGFloat(stepMs.count)
        return [line]
            + stepMs.enumerated().map { step, ms in
                let left = column * CGFloat(rightToLeft ? stepMs.count - 1 - step : step)
                let tall = CGFloat(ms / longest) * (size.height - Self.line)
                return Mark(
                    CGRect(x: left, y: size.height - tall, width: column * Self.bar, height: tall), .primary)
            }
    }

    private static let line: CGFloat = 1
    /// A bar's share of its column.
    private static let bar: CGFloat = 0.8
}
