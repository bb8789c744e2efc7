import Foundation

/// Makes the next read of a folder's files come from the disk, where the system lets a user ask for that.
func dropFromPageCache(_ folder: URL) {
    #if os(Linux)
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            close(descriptor)
        }
    #endif
}
