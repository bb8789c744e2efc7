import Foundation
import LazyDiTSHA256

/// SHA-256, as on all platforms the C++ of runtime/native.
package struct SHA256: ~Copyable {
    private let digest: OpaquePointer

    package init() throws {
        guard let digest = lazydit_sha256_new() else {
            throw LazyDiTError.outOfMemory("there is no memory to check a file with: close other apps")
        }
        self.digest = digest
    }

    deinit {
        lazydit_sha256_free(digest)
    }

    package func add(_ bytes: UnsafeRawBufferPointer) {
        lazydit_sha256_add(digest, bytes.baseAddress, bytes.count)
    }

    /// 64 lower-case hexadecimal digits.
    package consuming func finish() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65) { digits in
            lazydit_sha256_finish(digest, digits.baseAddress)
            return String(decoding: UnsafeRawBufferPointer(digits).dropLast(), as: UTF8.self)
        }
    }
}
