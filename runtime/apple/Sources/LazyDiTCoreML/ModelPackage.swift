#if canImport(CoreML)
    import Foundation
    import LazyDiT

    /// A package of a bundle, and the programs whose functions it holds.
    struct ModelPackage: Sendable {
        /// Its path within the bundle.
        let name: String
        let url: URL
        /// The oldest that knows such packages, in words.
        let system: String
        /// The sha256 of its files by their path within the package.
        let sha256: [String: String]
        let programs: [Program]
    }

    extension ModelBundle {
        private static let format = "coreml_specification"
        /// The versions that are known, and the systems that they came with. Those of iOS 18 hold several functions.
        private static let systems = [8: "iOS 17 or macOS 14", 9: "iOS 18 or macOS 15"]
        private static let withFunctions = 9

        var holdsFunctions: Bool { formats[Self.format] == Self.withFunctions }

        /// In the order of ``programs``.
        ///
        /// Throws where the programs are another engine's, or newer than this system or this package.
        func packages(systemKnowsFunctions: Bool = ModelSource.systemKnowsFunctions) throws -> [ModelPackage] {
            let system = try oldestSystem()
            guard systemKnowsFunctions || !holdsFunctions else {
                throw LazyDiTError.executorUnavailable(
                    "this bundle needs \(system): run lazydit-export --target ios --minimum-ios 17")
            }
            var names: [String] = []
            for program in programs where !names.contains(program.file) { names.append(program.file) }
            return try names.map { name in
                let files = sha256.filter { $0.key.hasPrefix(name + "/") }
                guard name.hasSuffix(".mlpackage"), !files.isEmpty else {
                    throw LazyDiTError.executorUnavailable(
                        "\(name) in \(directory.path) is no .mlpackage folder: export the bundle again")
                }
                return ModelPackage(
                    name: name, url: directory.appendingPathComponent(name), system: system,
                    sha256: Dictionary(
                        uniqueKeysWithValues: files.map { (String($0.key.dropFirst(name.count + 1)), $0.value) }),
                    programs: programs.filter { $0.file == name })
            }
        }

        /// That can run the programs, in words.
        private func oldestSystem() throws -> String {
            guard target == "ios", let version = formats[Self.format] else {
                throw LazyDiTError.executorUnavailable(
                    "this bundle is for target \(target) and holds no Core ML programs: run lazydit-export --target ios"
                )
            }
            guard let system = Self.systems[version] else {
                let known = Self.systems.keys.sorted().map(String.init).joined(separator: " and ")
                throw LazyDiTError.executorUnavailable(
                    "this bundle has \(Self.format) \(version), this runtime knows \(known): update lazydit, or export "
                        + "the bundle again")
            }
            return system
        }
    }
#endif
