import Foundation
import LazyDiT
import Testing

@testable import LazyDiTDemo

@Suite struct DecisionPanelTests {
    /// Six blocks are rows of 20, so that 4 steps on 80 are cells of 20 x 20.
    private let trace = Trace.made(steps: 4, blocks: 6) { step, module in step == 0 || module == 3 }

    private func panel(_ kind: ModuleKind, rightToLeft: Bool = false) -> DecisionPanel {
        DecisionPanel(trace, kind, width: 80, rightToLeft: rightToLeft)
    }

    @Test func aRowIsABlockAndAColumnAStep() {
        #expect(panel(.attention).height == 120)
        #expect(panel(.attention).frame(of: Cell(step: 0, module: 0)) == CGRect(x: 0, y: 0, width: 20, height: 20))
        #expect(panel(.feedforward).frame(of: Cell(step: 3, module: 5)) == CGRect(x: 60, y: 40, width: 20, height: 20))
    }

    @Test func cellsAreReadRowByRow() {
        let cells = panel(.feedforward).cells
        #expect(cells.count == 4 * 6)
        #expect(cells.prefix(5).map(\.step) == [0, 1, 2, 3, 0])
        #expect(cells.prefix(5).map(\.block) == [0, 0, 0, 0, 1])
        #expect(cells.allSatisfy { $0.kind == .feedforward })
    }

    @Test func stepsBeginAtTheRightEdgeWhereOneReadsSo() {
        let frame = panel(.attention, rightToLeft: true).frame(of: Cell(step: 0, module: 2))
        #expect(frame == CGRect(x: 60, y: 20, width: 20, height: 20))
    }

    @Test(arguments: [false, true]) func everyCellIsFoundAtItsMiddleAndItsCorner(rightToLeft: Bool) {
        for kind in ModuleKind.allCases {
            let panel = panel(kind, rightToLeft: rightToLeft)
            for step in 0..<4 {
                for block in 0..<6 {
                    let cell = panel.cell(step: step, block: block)
                    let frame = panel.frame(of: cell)
                    #expect(cell.kind == kind && cell.block == block)
                    #expect(panel.cell(at: CGPoint(x: frame.midX, y: frame.midY)) == cell)
                    #expect(panel.cell(at: frame.origin) == cell)
                }
            }
        }
    }

    @Test(arguments: [(-1, 20), (80, 20), (5, 120), (5, -1)])
    func thereIsNoCellBesideTheMap(x: Double, y: Double) {
        #expect(panel(.attention).cell(at: CGPoint(x: x, y: y)) == nil)
    }

    @Test func rowsStayVisibleForManyBlocksAndLowForFew() {
        func height(_ blocks: Int) -> CGFloat {
            DecisionPanel.height(.made(steps: 1, blocks: blocks) { _, _ in true })
        }
        #expect(height(28) == 224)
        #expect(height(2) == 44)
    }

    @Test func whatRanIsFilledAndWhatWasReusedIsFaint() {
        let marks = panel(.feedforward).marks(selected: nil)
        // A cell has a half for each sample; feedforward of block 1 is module 3, which always ran, and step 0 ran whole.
        #expect(marks.count == 4 * 6 * 2)
        #expect(marks.filter { $0.ink == .feedforward }.count == (6 + 3) * 2)
        #expect(marks.filter { $0.ink == .reused }.count == (24 - 9) * 2)
        #expect(panel(.attention).marks(selected: nil).filter { $0.ink == .attention }.count == 6 * 2)
    }

    @Test func halvesOfACellLieInItAndApart() {
        let halves = panel(.attention).marks(selected: nil).prefix(2).map(\.frame)
        let cell = CGRect(x: 0, y: 0, width: 20, height: 20)
        #expect(halves.allSatisfy(cell.contains))
        #expect(halves[0].maxY < halves[1].minY)
        #expect(halves[0].size == halves[1].size)
    }

    @Test func theSelectedCellIsFramedInItsHalfOfTheMapAlone() {
        let cell = Cell(step: 2, module: 4)
        let frame = panel(.attention).marks(selected: cell).last
        #expect(frame?.frame == CGRect(x: 40, y: 40, width: 20, height: 20))
        #expect(frame?.line == 2)
        #expect(panel(.feedforward).marks(selected: cell).allSatisfy { $0.line == nil })
    }
}
