#if canImport(CoreML)
    import Foundation
    import LazyDiT

    /// A package of a bundle, and the programs whose functions it holds.
    struct ModelPackage: Sendable {
        /// Its path within the bundle.
        let name: String
        let url: URL
        /// The sha256 of its files by their path within the package.
        let sha256: [String: String]
        let programs: [Program]
    }

    extension ModelBundle {
        private static let format = "coreml_specification"
        /// The versions that are known: those of iOS 17 and of iOS 18, where packages began to hold several functions.
        private static let specifications = [8, 9]
        private static let withFunctions = 9

        var holdsFunctions: Bool { formats[Self.format] == Self.withFunctions }

        /// Throws where the programs are another engine's, or newer than this system or this package.
        func checkHoldsPackages() throws {
            guard target == "ios", let version = formats[Self.format] else {
                throw LazyDiTError.executorUnavailable(
                    "this bundle is for target \(target) and holds no Core ML programs: run lazydit-export --target ios"
                )
            }
            guard Self.specifications.contains(version) else {
                throw LazyDiTError.executorUnavailable(
                    "this bundle has \(Self.format) \(version), this runtime knows "
                        + "\(Self.specifications.map(String.init).joined(separator: " and ")): update lazydit, or export "
                        + "the bundle again")
            }
            if holdsFunctions {
                guard #available(iOS 18, macOS 15, *) else {
                    throw LazyDiTError.executorUnavailable(
                        "this bundle needs iOS 18 or macOS 15: run lazydit-export --target ios --minimum-ios 17")
                }
            }
        }

        /// In the order of ``programs``.
        func packages() throws -> [ModelPackage] {
            var names: [String] = []
            for program in programs where !names.contains(program.file) { names.append(program.file) }
            return try names.map { name in
                let files = sha256.filter { $0.key.hasPrefix(name + "/") }
                guard name.hasSuffix(".mlpackage"), !files.isEmpty else {
                    throw LazyDiTError.executorUnavailable(
                        "\(name) in \(directory.path) is no .mlpackage folder: export the bundle again")
                }
                return ModelPackage(
                    name: name, url: directory.appendingPathComponent(name),
                    sha256: Dictionary(
                        uniqueKeysWithValues: files.map { (String($0.key.dropFirst(name.count + 1)), $0.value) }),
                    programs: programs.filter { $0.file == name })
            }
        }
    }
#endif
