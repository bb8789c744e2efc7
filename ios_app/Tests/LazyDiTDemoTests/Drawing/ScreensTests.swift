import Foundation
import LazyDiT
import Testing

@testable import LazyDiTDemo

/// Draws map and bars of a real generation as the views do, and leaves them in build/ios-app/screens to be looked at.
@Suite(.timeLimit(.minutes(2))) @MainActor struct ScreensTests {
    private let width: CGFloat = 329
    private let barsHeight: CGFloat = 96
    private let padding: CGFloat = 16

    @Test func mapAndBarsAreDrawnInBothAppearances() async throws {
        let sandbox = try Sandbox()
        let result = try await sandbox.engine().use { lazydit in
            try await lazydit.result(of: Request(label: 3, steps: 20, policy: .lazyRatio(0.3)))
        }
        let selected = Cell(step: 7, module: 4)
        for appearance in Appearance.allCases {
            let palette = try appearance.palette()
            let raster = drawing(result, selected, palette)
            try save(raster, "map-and-bars-\(appearance.rawValue)")
            check(raster, result.trace, palette)
        }
    }

    private func drawing(_ result: GenerationResult, _ selected: Cell, _ palette: [Ink: Colour]) -> Raster {
        let height = 2 * DecisionPanel.height(result.trace) + barsHeight + 4 * padding
        var raster = Raster(
            size: CGSize(width: width + 2 * padding, height: height), scale: 2, background: palette[.card]!)
        for kind in ModuleKind.allCases {
            let panel = DecisionPanel(result.trace, kind, width: width)
            raster.draw(panel.marks(selected: selected), at: origin(kind, result.trace), palette)
        }
        let bars = StepBars(result.timings.stepMs, size: CGSize(width: width, height: barsHeight))
        raster.draw(bars.marks, at: CGPoint(x: padding, y: height - padding - barsHeight), palette)
        return raster
    }

    private func origin(_ kind: ModuleKind, _ trace: Trace) -> CGPoint {
        let below = kind == .attention ? 0 : DecisionPanel.height(trace) + padding
        return CGPoint(x: padding, y: padding + below)
    }

    /// Every decision can be read off the picture, in the middle of its half of a cell.
    private func check(_ raster: Raster, _ trace: Trace, _ palette: [Ink: Colour]) {
        for kind in ModuleKind.allCases {
            let (panel, origin) = (DecisionPanel(trace, kind, width: width), origin(kind, trace))
            for step in 0..<panel.steps {
                for block in 0..<panel.blocks {
                    let cell = panel.cell(step: step, block: block)
                    let frame = panel.frame(of: cell).offsetBy(dx: origin.x, dy: origin.y)
                    for sample in 0...1 {
                        let y = frame.minY + frame.height * (sample == 0 ? 0.25 : 0.7)
                        let ran: Ink = kind == .attention ? .attention : .feedforward
                        let ink: Ink = trace.ran[step][sample][cell.module] ? ran : .reused
                        #expect(raster[CGPoint(x: frame.midX, y: y)] == palette[ink])
                    }
                }
            }
        }
    }

    private func save(_ raster: Raster, _ name: String) throws {
        try FileManager.default.createDirectory(at: Fixtures.screens, withIntermediateDirectories: true)
        try raster.png.write(to: Fixtures.screens.appendingPathComponent("\(name).png"))
    }
}
