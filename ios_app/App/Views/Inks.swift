import LazyDiTDemo
import SwiftUI

extension Ink {
    /// From the asset catalog, which has it for light and dark.
    var color: Color { Color(rawValue) }
}

extension GraphicsContext {
    func draw(_ marks: [Mark]) {
        for mark in marks {
            let shading = Shading.color(mark.ink.color)
            if let line = mark.line {
                // A stroke lies to both sides of its path.
                stroke(Path(mark.frame.insetBy(dx: line / 2, dy: line / 2)), with: shading, lineWidth: line)
            } else {
                fill(Path(roundedRect: mark.frame, cornerRadius: mark.cornerRadius, style: .circular), with: shading)
            }
        }
    }
}
