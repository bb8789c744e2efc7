import Foundation

/// What is in a bundle, whose files have been checked against its manifest.
public struct ModelBundle: Sendable {
    public let directory: URL
    public let name: String
    /// What it was exported for: `ios` (Core ML programs), `android` (ExecuTorch programs) or `onnx`.
    public let target: String
    public let precision: String
    /// Versions of what the engine has to read, such as `coreml_specification`.
    public let formats: [String: Int]
    /// Labels are 0 to numClasses - 1.
    public let numClasses: Int
    /// Channels, height, width.
    public let latentShape: [Int]
    /// The most timesteps of one call of `condition`.
    public let conditionMaxSteps: Int
    public let defaultSteps: Int
    public let defaultGuidance: Double
    /// The names of the modules in running order.
    public let modules: [String]
    public let gateSets: [GateSet]
    public let programs: [Program]
    /// For every step count at which a lazy ratio may be wished for, those that were measured, ascending.
    public let lazyRatios: [Int: [Double]]
    /// The sha256 of the checkpoint that it was exported from.
    public let checkpointSHA256: String
    /// The programs that compute a reuse, held or extrapolated.
    public let reusePrograms: [String]
    /// Of the norm between modules, where it is a layer norm without weights; else 0.
    public let layerNormEpsilon: Double
    /// The sha256 of every file by its path within the bundle, in lower-case hexadecimal.
    public let sha256: [String: String]

    let manifest: Manifest
    /// The weights of every gate set by its name, `[steps, modules, width]` in one row.
    let gates: [String: [Float]]
    /// Channels, height, width of the image that decode makes, or of the latent without it.
    let imageShape: [Int]
}

extension ModelBundle {
    /// Checks the bundle in a folder: schema, shapes, files, sizes, sha256, gates. Blocks while all files are hashed.
    ///
    /// Throws ``LazyDiTError/invalidBundle(_:)``.
    public init(directory: URL) throws {
        let files = BundleFiles(directory: directory)
        let manifest = try files.manifest()
        try files.check(manifest.files)
        for program in manifest.programs { try files.checkPackage(program.file, of: manifest) }
        var gates: [String: [Float]] = [:]
        for spec in manifest.gateSets {
            gates[spec.gateSet.name] = try files.gates(spec.file, bytes: manifest.gateBytes(spec))
        }
        self.init(directory: directory, manifest: manifest, gates: gates, imageShape: try manifest.imageShape())
    }

    private init(directory: URL, manifest: Manifest, gates: [String: [Float]], imageShape: [Int]) {
        let (model, graph) = (manifest.model, manifest.graph)
        self.init(
            directory: directory, name: model.name, target: manifest.target, precision: manifest.precision,
            formats: manifest.formats, numClasses: model.numClasses, latentShape: model.latentShape,
            conditionMaxSteps: graph.conditionMaxSteps, defaultSteps: manifest.defaults.steps,
            defaultGuidance: manifest.defaults.guidance, modules: graph.modules.map(\.name),
            gateSets: manifest.gateSets.map(\.gateSet), programs: manifest.programs,
            lazyRatios: Dictionary(
                uniqueKeysWithValues: manifest.lazyRatios.map { ($0.steps, $0.points.map(\.lazyRatio)) }),
            checkpointSHA256: model.checkpointSHA256,
            reusePrograms: [graph.modules[0].reuse] + (graph.extrapolate.map { [$0] } ?? []),
            layerNormEpsilon: graph.layerNormEpsilon, sha256: manifest.files.mapValues(\.sha256), manifest: manifest,
            gates: gates, imageShape: imageShape)
    }
}

/// Learned gates for one step count, with the thresholds, limit and extrapolation that they were made with.
public struct GateSet: Sendable, Equatable {
    public let name: String
    public let steps: Int
    public let thresholds: Thresholds
    /// Nil for no limit.
    public let maxReuse: Int?
    public let extrapolate: Bool
}

/// One lowered piece of the model.
public struct Program: Sendable, Equatable {
    public let name: String
    /// A file or, for Core ML, a package: its path within the bundle.
    public let file: String
    /// Its place in the file.
    public let method: String
    public let inputs: [TensorSpec]
    public let outputs: [TensorSpec]
}

/// A tensor as the manifest declares it.
public struct TensorSpec: Sendable, Equatable {
    public let name: String
    public let dtype: DType
    /// Nil stands for the number of timesteps of one call.
    public let shape: [Int?]
}
