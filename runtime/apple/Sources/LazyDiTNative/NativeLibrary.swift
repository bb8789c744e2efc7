import CLazyDiTNative
import Foundation
import LazyDiT

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The functions of `lazydit_native.h` in a shared library, which stays loaded.
struct NativeLibrary: Sendable {
    let create:
        @Sendable @convention(c) (
            UnsafePointer<lazydit_native_program>?, Int, UnsafePointer<lazydit_native_options>?,
            UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<lazydit_error>?
        ) -> lazydit_status
    let executor: @Sendable @convention(c) (OpaquePointer?) -> UnsafePointer<lazydit_executor>?
    let free: @Sendable @convention(c) (OpaquePointer?) -> Void

    init(_ file: URL) throws {
        guard let library = dlopen(file.path, RTLD_NOW | RTLD_LOCAL) else {
            throw LazyDiTError.executorUnavailable(
                "\(file.path) cannot be loaded (\(String(cString: dlerror()))): build it with make tools")
        }
        func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
            guard let address = dlsym(library, name) else {
                throw LazyDiTError.executorUnavailable(
                    "\(file.path) has no function \(name): give liblazydit_native of this version")
            }
            return unsafeBitCast(address, to: type)
        }
        create = try function("lazydit_native_create", as: type(of: create))
        executor = try function("lazydit_native_executor", as: type(of: executor))
        free = try function("lazydit_native_free", as: type(of: free))
    }
}
