#if canImport(CoreML)
    import Foundation

    /// What is wrong with one call, as part of a sentence.
    struct Fault: LocalizedError {
        let errorDescription: String?

        init(_ reason: String) {
            errorDescription = reason
        }
    }

    /// What an error says of itself, which may be several lines.
    func oneLine(_ error: any Error) -> String {
        error.localizedDescription.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
#endif
