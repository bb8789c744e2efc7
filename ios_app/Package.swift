// swift-tools-version: 6.0
import PackageDescription

// What of the app can be built and tested without Xcode.
let package = Package(
    name: "LazyDiTDemo",
    platforms: [.iOS(.v17), .macOS(.v14)],
    dependencies: [.package(name: "LazyDiT", path: "..")],
    targets: [
        .target(name: "LazyDiTDemo", dependencies: [.product(name: "LazyDiT", package: "LazyDiT")]),
        .testTarget(
            name: "LazyDiTDemoTests",
            dependencies: ["LazyDiTDemo", .product(name: "LazyDiTNative", package: "LazyDiT")]),
    ],
    swiftLanguageModes: [.v6]
)
