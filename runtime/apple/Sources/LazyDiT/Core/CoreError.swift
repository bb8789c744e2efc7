import LazyDiTCore

extension LazyDiTError {
    /// What the core says of a call that failed.
    init(_ error: lazydit_error) {
        let sentence = text(of: error)
        switch error.status {
        case LAZYDIT_OUT_OF_MEMORY: self = .outOfMemory(sentence)
        case LAZYDIT_EXECUTOR_FAILED: self = .executorFailed(sentence)
        default: self = .invalidRequest(sentence)
        }
    }
}

/// Throws what `call` fails with.
func checked(_ call: (UnsafeMutablePointer<lazydit_error>) -> lazydit_status) throws {
    var error = lazydit_error()
    switch call(&error) {
    case LAZYDIT_OK: return
    case LAZYDIT_CANCELLED: throw CancellationError()
    default: throw LazyDiTError(error)
    }
}

/// Malformed bytes, as of a sentence cut within a character, are replaced.
private func text(of error: lazydit_error) -> String {
    withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
