import LazyDiTDemo
import SwiftUI

extension EnvironmentValues {
    /// The phrases in the user's language.
    var words: Words {
        get { self[WordsKey.self] }
        set { self[WordsKey.self] = newValue }
    }
}

private struct WordsKey: EnvironmentKey {
    static let defaultValue = Words.app
}
