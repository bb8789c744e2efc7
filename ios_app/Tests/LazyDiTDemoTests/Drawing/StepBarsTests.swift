import Foundation
import Testing

@testable import LazyDiTDemo

@Suite struct StepBarsTests {
    private let size = CGSize(width: 100, height: 51)

    @Test func barsStandOnTheGroundAndTheLongestReachesTheLine() {
        let marks = StepBars([10, 5, 2.5, 7.5], size: size).marks
        #expect(marks[0].frame == CGRect(x: 0, y: 0, width: 100, height: 1))
        let bars = marks.dropFirst().map(\.frame)
        #expect(bars.map(\.minX) == [0, 25, 50, 75])
        #expect(bars.map(\.height) == [50, 25, 12.5, 37.5])
        #expect(bars.allSatisfy { $0.maxY == 51 && $0.width == 20 })
    }

    @Test func stepsBeginAtTheRightEdgeWhereOneReadsSo() {
        let bars = StepBars([10, 5], size: size, rightToLeft: true).marks.dropFirst()
        #expect(bars.map(\.frame.minX) == [50, 0])
    }

    @Test func withoutTimesThereIsNothing() {
        #expect(StepBars([], size: size).marks.isEmpty)
        #expect(StepBars([0, 0], size: size).marks.isEmpty)
    }
}
