import LazyDiTBenchmark
import LazyDiTDemo
import SwiftUI

/// The table, what slowed the phone down at the end, and the report to share.
struct ResultsCard: View {
    let report: BenchmarkReport
    let file: URL?
    @Environment(\.words) private var words

    var body: some View {
        Card(title: words(.results)) {
            ScrollView(.horizontal) { table }
            if let condition = report.condition {
                Text(words.conditions(condition)).foregroundStyle(Ink.textSoft.color)
            }
            if let file {
                ShareLink(item: file) { Text(words(.share)) }.buttonStyle(QuietButtonStyle())
            }
        }
    }

    private var table: some View {
        Grid(alignment: .trailing, horizontalSpacing: 16, verticalSpacing: 8) {
            GridRow {
                ForEach(words.columns.indices, id: \.self) { column in
                    Text(words.columns[column])
                        .foregroundStyle(Ink.textSoft.color)
                        .gridColumnAlignment(column == 0 ? .leading : .trailing)
                        // Every cell is spoken with its heading.
                        .accessibilityHidden(true)
                }
            }
            ForEach(report.rows.indices, id: \.self) { cells(report.rows[$0]) }
        }
        .font(.callout.monospacedDigit())
    }

    private func cells(_ row: BenchmarkRow) -> some View {
        let (written, spoken) = (words.cells(row), words.spokenCells(row))
        return GridRow {
            ForEach(written.indices, id: \.self) { Text(written[$0]).accessibilityLabel(spoken[$0]) }
        }
    }
}
