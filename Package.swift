// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Set by the tests on machines without Apple's frameworks: hand-written signatures stand for these.
let signatures = ProcessInfo.processInfo.environment["LAZYDIT_APPLE_SIGNATURES"] != nil

func frameworks(_ names: String...) -> [Target.Dependency] {
    signatures ? names.map { .target(name: $0) } : []
}

// The version stands in one place for Python, C++ and Swift.
let version = try! String(contentsOfFile: Context.packageDirectory + "/lazydit/__init__.py", encoding: .utf8)
    .split(separator: "\n").first { $0.hasPrefix("__version__ = ") }!.split(separator: "\"")[1]

let sources = "runtime/apple/Sources"
let tests = "runtime/apple/Tests"

let package = Package(
    name: "LazyDiT",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "LazyDiT", targets: ["LazyDiT"]),
        .library(name: "LazyDiTCoreML", targets: ["LazyDiTCoreML"]),
        .library(name: "LazyDiTNative", targets: ["LazyDiTNative"]),
    ] + (signatures ? [.library(name: "CoreGraphics", targets: ["CoreGraphics"])] : []),
    targets: [
        .target(
            name: "LazyDiTCore", path: "runtime/core", exclude: ["CMakeLists.txt", "version.cmake"], sources: ["src"],
            publicHeadersPath: "include", cxxSettings: [.define("LAZYDIT_VERSION", to: "\"\(version)\"")]),
        .target(
            name: "LazyDiTSHA256", path: "runtime/native",
            exclude: ["CMakeLists.txt", "aarch64-linux-gnu.cmake", "bundle.cmake", "tools"],
            sources: ["src/sha256.cc", "src/sha256_blocks.cc", "src/sha256_c.cc"], publicHeadersPath: "include/sha256"),
        .target(
            name: "LazyDiT", dependencies: ["LazyDiTCore", "LazyDiTSHA256"] + frameworks("CoreGraphics"),
            path: "\(sources)/LazyDiT"),
        .target(
            name: "LazyDiTCoreML", dependencies: ["LazyDiT"] + frameworks("CoreML"), path: "\(sources)/LazyDiTCoreML"),
        .systemLibrary(name: "CLazyDiTNative", path: "\(sources)/CLazyDiTNative"),
        .target(
            name: "LazyDiTNative", dependencies: ["CLazyDiTNative", "LazyDiT", "LazyDiTCore"],
            path: "\(sources)/LazyDiTNative"),
        .testTarget(
            name: "LazyDiTTests", dependencies: ["LazyDiT", "LazyDiTNative"], path: "\(tests)/LazyDiTTests"),
    ]
        + (signatures
            ? [
                .target(name: "CoreGraphics", path: "runtime/apple/Signatures/CoreGraphics"),
                .target(name: "CoreML", path: "runtime/apple/Signatures/CoreML"),
                .testTarget(
                    name: "LazyDiTCoreMLTests", dependencies: ["LazyDiTCoreML", "CoreML", "CoreGraphics"],
                    path: "\(tests)/LazyDiTCoreMLTests"),
            ] : []),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
