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

let products: [Product] = [
    .library(name: "LazyDiT", targets: ["LazyDiT"]),
    .library(name: "LazyDiTCoreML", targets: ["LazyDiTCoreML"]),
    .library(name: "LazyDiTNative", targets: ["LazyDiTNative"]),
    .library(name: "LazyDiTBenchmark", targets: ["LazyDiTBenchmark"]),
    .executable(name: "lazydit-bench-apple", targets: ["lazydit-bench-apple"]),
]

let targets: [Target] = [
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
    .target(name: "LazyDiTBenchmark", dependencies: ["LazyDiT"], path: "\(sources)/LazyDiTBenchmark"),
    .executableTarget(
        name: "lazydit-bench-apple",
        dependencies: ["LazyDiTBenchmark", "LazyDiTCoreML", "LazyDiTNative"] + frameworks("CoreML"),
        path: "\(sources)/lazydit-bench-apple"),
    .target(name: "LazyDiTTestSupport", dependencies: ["LazyDiT"], path: "\(tests)/Support"),
    .testTarget(
        name: "LazyDiTTests", dependencies: ["LazyDiT", "LazyDiTNative", "LazyDiTTestSupport"],
        path: "\(tests)/LazyDiTTests"),
    .testTarget(
        name: "LazyDiTBenchmarkTests", dependencies: ["LazyDiTBenchmark"], path: "\(tests)/LazyDiTBenchmarkTests"),
    .testTarget(name: "BenchToolTests", dependencies: ["lazydit-bench-apple"], path: "\(tests)/BenchToolTests"),
]

// What only the tests on such machines need.
let signatureProducts: [Product] = [.library(name: "CoreGraphics", targets: ["CoreGraphics"])]

let signatureTargets: [Target] = [
    .target(name: "CoreGraphics", path: "runtime/apple/Signatures/CoreGraphics"),
    .target(name: "CoreML", path: "runtime/apple/Signatures/CoreML"),
    .testTarget(
        name: "LazyDiTCoreMLTests",
        dependencies: ["LazyDiTCoreML", "LazyDiTTestSupport", "CoreML", "CoreGraphics"],
        path: "\(tests)/LazyDiTCoreMLTests"),
]

let package = Package(
    name: "LazyDiT",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: products + (signatures ? signatureProducts : []),
    targets: targets + (signatures ? signatureTargets : []),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
