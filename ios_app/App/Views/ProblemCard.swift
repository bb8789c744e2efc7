import LazyDiTDemo
import SwiftUI

struct ProblemCard: View {
    let problem: Problem
    let tryAgain: @MainActor () -> Void
    @Environment(\.words) private var words

    var body: some View {
        Card(ink: .errorSoft) {
            Text(words.problem(problem)).foregroundStyle(Ink.error.color)
            Button(words(.tryAgain), action: tryAgain).buttonStyle(QuietButtonStyle())
        }
    }
}
