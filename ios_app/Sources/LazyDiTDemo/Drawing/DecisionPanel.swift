import Foundation
import LazyDiT

/// One half of the map of a generation's decisions, attention or feedforward: a row per block and a column per step, the
/// first step at the starting edge.
///
/// A cell is filled where the module ran and faint where it was reused; with guidance its upper half is the conditional
/// sample and its lower half the unconditional one.
public struct DecisionPanel: Sendable {
    public let kind: ModuleKind
    public let steps: Int
    public let blocks: Int
    private let trace: Trace
    private let width: CGFloat
    private let rightToLeft: Bool

    public init(_ trace: Trace, _ kind: ModuleKind, width: CGFloat, rightToLeft: Bool = false) {
        self.trace = trace
        self.kind = kind
        self.width = width
        self.rightToLeft = rightToLeft
        steps = trace.timesteps.count
        blocks = trace.modules.count / 2
    }

    public var height: CGFloat { Self.height(trace) }

    /// The same for every width.
    public static func height(_ trace: Trace) -> CGFloat {
        let blocks = CGFloat(trace.modules.count / 2)
        return blocks * min(max(usualHeight / blocks, lowestRow), highestRow)
    }

    public func cell(step: Int, block: Int) -> Cell {
        Cell(step: step, module: kind.module(ofBlock: block))
    }

    public func frame(of cell: Cell) -> CGRect {
        let column = rightToLeft ? steps - 1 - cell.step : cell.step
        return CGRect(
            x: CGFloat(column) * columnWidth, y: CGFloat(cell.block) * rowHeight, width: columnWidth, height: rowHeight)
    }

    /// The cell at a point, or nil beside all cells.
    public func cell(at point: CGPoint) -> Cell? {
        guard point.x >= 0, point.x < width, point.y >= 0, point.y < height else { return nil }
        let column = min(Int(point.x / columnWidth), steps - 1)
        let block = min(Int(point.y / rowHeight), blocks - 1)
        return cell(step: rightToLeft ? steps - 1 - column : column, block: block)
    }

    /// Row by row.
    public var cells: [Cell] {
        (0..<blocks).flatMap { block in (0..<steps).map { cell(step: $0, block: block) } }
    }

    public func marks(selected: Cell?) -> [Mark] {
        let frame = selected.flatMap { cell in
            cell.kind == kind ? Mark(self.frame(of: cell), .text, line: Self.frameLine) : nil
        }
        return cells.flatMap(marks) + (frame.map { [$0] } ?? [])
    }

    private func marks(_ cell: Cell) -> [Mark] {
        let box = frame(of: cell)
        let gap = box.width * Self.gap
        let samples = trace.ran[cell.step]
        let share = (box.height - gap) / CGFloat(samples.count)
        return samples.enumerated().map { sample, modules in
            let half = CGRect(
                x: box.minX, y: box.minY + CGFloat(sample) * share, width: box.width - gap, height: share - gap / 2)
            return Mark(half, modules[cell.module] ? ran : .reused, cornerRadius: min(gap, half.height / 2))
        }
    }

    private var ran: Ink { kind == .attention ? .attention : .feedforward }
    private var columnWidth: CGFloat { width / CGFloat(steps) }
    private var rowHeight: CGFloat { height / CGFloat(blocks) }

    private static let usualHeight: CGFloat = 120
    private static let lowestRow: CGFloat = 8
    private static let highestRow: CGFloat = 22
    private static let frameLine: CGFloat = 2
    /// Between cells, as a share of a cell's width.
    private static let gap: CGFloat = 0.12
}
