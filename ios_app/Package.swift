// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Set by the tests on machines without Apple's frameworks: hand-written signatures stand for these, and the screens, which
// project.yml gives to Xcode, are type-checked against them.
let signatures = ProcessInfo.processInfo.environment["LAZYDIT_APPLE_SIGNATURES"] != nil

func lazydit(_ product: String) -> Target.Dependency {
    .product(name: product, package: "LazyDiT")
}

// What of the app can be built and tested without Xcode.
let package = Package(
    name: "LazyDiTDemo",
    platforms: [.iOS(.v17), .macOS(.v14)],
    // Not called as the target, since that is what the app's scheme is called.
    products: [.library(name: "LazyDiTDemoModels", targets: ["LazyDiTDemo"])],
    dependencies: [.package(name: "LazyDiT", path: "..")],
    targets: [
        .target(name: "LazyDiTDemo", dependencies: [lazydit("LazyDiT"), lazydit("LazyDiTBenchmark")]),
        .testTarget(name: "LazyDiTDemoTests", dependencies: ["LazyDiTDemo", lazydit("LazyDiTNative")]),
    ]
        + (signatures
            ? [
                .target(name: "os", path: "Signatures/os"),
                .target(name: "UIKit", path: "Signatures/UIKit"),
                .target(
                    name: "SwiftUI", dependencies: ["UIKit", lazydit("CoreGraphics")], path: "Signatures/SwiftUI"),
                .executableTarget(
                    name: "LazyDiTApp",
                    dependencies: [
                        "LazyDiTDemo", "SwiftUI", "UIKit", "os", lazydit("LazyDiTBenchmark"), lazydit("LazyDiTCoreML"),
                    ],
                    path: "App", exclude: ["Assets.xcassets", "Localizable.xcstrings"]),
            ] : []),
    swiftLanguageModes: [.v6]
)
