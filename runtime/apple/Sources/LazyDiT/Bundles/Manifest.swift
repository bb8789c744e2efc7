/// manifest.json: the gate graph of one model and everything that is checked before anything runs.
struct Manifest: Sendable {
    let target: String
    let precision: String
    /// Versions of what an engine reads.
    let formats: [String: Int]
    let model: Model
    let diffusion: Diffusion
    let defaults: Defaults
    let files: [String: File]
    let graph: Graph
    /// By name.
    let programs: [Program]
    let gateSets: [GateSetSpec]
    /// Of every step count at which a lazy ratio may be wished for.
    let lazyRatios: [LazyRatios]
}

extension Manifest {
    struct Model: Sendable {
        let name: String
        let checkpointSHA256: String
        let depth: Int
        let width: Int
        let patchSize: Int
        let tokens: Int
        /// Channels, height, width.
        let latentShape: [Int]
        let outputChannels: Int
        let numClasses: Int
        let guidanceChannels: Int
        /// Nil where there is none.
        let image: Image?
        /// Of x, norm and output.
        let activationType: DType

        /// What shows the image.
        enum Image: String, CaseIterable, Sendable {
            case latent, decode
        }
    }

    struct Diffusion: Sendable {
        let trainSteps: Int
        let betaStart: Double
        let betaEnd: Double
    }

    struct Defaults: Sendable {
        let steps: Int
        let guidance: Double
    }

    struct File: Sendable {
        let bytes: Int
        let sha256: String
    }

    struct Graph: Sendable {
        let condition: String
        let conditionMaxSteps: Int
        let embed: String
        let modules: [Module]
        /// A program per block, or none.
        let blocks: [String]
        /// Nil where policies cannot extrapolate.
        let extrapolate: String?
        let final: String
        let decode: String?
        /// Of the norm between modules; 0 where it is no layer norm without weights.
        let layerNormEpsilon: Double
    }

    struct Module: Sendable {
        let name: String
        let kind: Kind
        let block: Int
        let program: String
        let reuse: String

        enum Kind: String, CaseIterable, Sendable {
            case attn, mlp
        }
    }

    /// A gate set and what a generation needs of it beside its weights.
    struct GateSetSpec: Sendable {
        let gateSet: GateSet
        /// Descending.
        let timesteps: [Int]
        /// Of the same timesteps.
        let alphasCumprod: [Double]
        /// Raw little-endian float32, `[steps, modules, width]`.
        let file: String
    }

    /// Points of one step count, of ascending lazy ratio.
    struct LazyRatios: Sendable {
        let steps: Int
        let points: [RatioPoint]
    }

    /// A gate set, thresholds and limit (nil: none), and the lazy ratio that they gave.
    struct RatioPoint: Sendable, Equatable {
        let gates: String
        let thresholds: Thresholds
        let maxReuse: Int?
        let lazyRatio: Double
    }
}

extension Manifest {
    func program(_ name: String) -> Program? {
        programs.first { $0.name == name }
    }

    /// Whether a folder, a path within the bundle, holds files of it.
    func listsFiles(in folder: String) -> Bool {
        files.keys.contains { $0.utf8.starts(with: "\(folder)/".utf8) }
    }
}
