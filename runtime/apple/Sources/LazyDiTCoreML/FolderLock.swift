#if canImport(CoreML)
    import Foundation

    /// The right to change what lies in a folder, which one has at a time, of all tasks and processes.
    enum FolderLock {
        /// It stays in the folder, empty.
        static let file = ".lock"

        /// Waits for the right and has it while `work` runs. A process that ends lets go of it.
        static func holding<Result>(_ folder: URL, _ work: () throws -> Result) throws -> Result {
            let path = folder.appendingPathComponent(file).path
            let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure() }
            defer { close(descriptor) }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else { throw failure() }
            }
            return try work()
        }

        private static func failure() -> POSIXError {
            POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }
#endif
