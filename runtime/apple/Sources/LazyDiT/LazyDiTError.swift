import Foundation

/// What can go wrong, each with one sentence that says what is wrong and what to do.
///
/// What an executor throws that is no `LazyDiTError`, and `CancellationError`, reach the caller unchanged.
public enum LazyDiTError: Error, Equatable, Sendable {
    /// The bundle is damaged, incomplete or of another schema, or no bundle at all.
    case invalidBundle(String)
    /// The executor cannot run such a bundle, or its engine could not load it.
    case executorUnavailable(String)
    /// The bundle cannot do what a request asks for; nothing was run.
    case invalidRequest(String)
    /// There is not enough memory for a generation.
    case outOfMemory(String)
    /// A program failed while an image was generated.
    case executorFailed(String)

    /// The sentence.
    public var sentence: String {
        switch self {
        case .invalidBundle(let sentence), .executorUnavailable(let sentence), .invalidRequest(let sentence),
            .outOfMemory(let sentence), .executorFailed(let sentence):
            sentence
        }
    }
}

extension LazyDiTError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { sentence }
    public var description: String { sentence }
}
