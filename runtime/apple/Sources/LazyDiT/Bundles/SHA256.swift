import Foundation
import LazyDiTSHA256

/// SHA-256, as on all platforms the C++ of runtime/native.
struct SHA256: ~Copyable {
    private let digest: OpaquePointer

    init() {
        guard let digest = lazydit_sha256_new() else { fatalError("out of memory") }
        self.digest = digest
    }

    deinit {
        lazydit_sha256_free(digest)
    }

    func add(_ bytes: UnsafeRawBufferPointer) {
        lazydit_sha256_add(digest, bytes.baseAddress, bytes.count)
    }

    /// 64 lower-case hexadecimal digits.
    consuming func finish() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65) { digits in
            lazydit_sha256_finish(digest, digits.baseAddress)
            return String(decoding: UnsafeRawBufferPointer(digits).dropLast(), as: UTF8.self)
        }
    }
}
