import Foundation

/// What is wrong with the use of the tool, in one sentence that also says what to do.
struct UseError: LocalizedError, Equatable {
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }

    var errorDescription: String? { sentence }
}
