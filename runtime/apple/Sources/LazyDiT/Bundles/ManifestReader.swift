import Foundation

/// What manifest.schema.json says of a manifest's structure.
enum ManifestReader {
    static let schemaVersion = 1
    static let sizes = 1...1_048_576
    static let depths = 1...4096

    /// `source` is named in what is thrown.
    static func manifest(in data: Data, source: String) throws -> Manifest {
        guard let content = try? JSONValue(parsing: data) else {
            throw LazyDiTError.invalidBundle(
                "\(source) is not readable JSON, it may be truncated: export the bundle again")
        }
        try checkVersion(content, source)
        let top = try JSONPlace(content, source: source).object(
            [
                "schema_version", "target", "precision", "tools", "model", "diffusion", "defaults", "files", "programs",
                "graph", "gate_sets",
            ], optional: ["formats", "lazy_ratios", "verification", "weights"])
        try checkTheRest(top)
        return Manifest(
            target: try top["target"].line(),
            precision: try top["precision"].line(),
            formats: try formats(top.optional("formats")),
            model: try model(top["model"]),
            diffusion: try diffusion(top["diffusion"]),
            defaults: try defaults(top["defaults"]),
            files: try files(top["files"]),
            graph: try graph(top["graph"]),
            programs: try top["programs"].members().map(program),
            gateSets: try top["gate_sets"].items().map(gateSet),
            lazyRatios: try top.optional("lazy_ratios")?.items().map(lazyRatios) ?? [])
    }

    private static func checkVersion(_ content: JSONValue, _ source: String) throws {
        let shown: String
        let newer: Bool
        switch content.schemaVersion {
        case .integer(schemaVersion)?: return
        case .integer(let version)?: (shown, newer) = ("\(version)", version > schemaVersion)
        case .unsigned(let version)?: (shown, newer) = ("\(version)", true)
        default:
            throw LazyDiTError.invalidBundle(
                "\(source) has no schema_version: give a bundle that lazydit-export wrote")
        }
        throw LazyDiTError.invalidBundle(
            "this bundle has schema \(shown), this runtime knows \(schemaVersion): "
                + (newer ? "update lazydit" : "export the bundle again"))
    }

    /// Checks what a generation does not need.
    private static func checkTheRest(_ top: JSONObject) throws {
        for (_, version) in try top["tools"].members() { _ = try version.text() }
        _ = try top.optional("verification")?.members()
        guard let place = top.optional("weights")?.ifNotNull else { return }
        let weights = try place.object(["stored_bytes", "different_bytes"])
        _ = try weights["stored_bytes"].integer(1...Int.max)
        _ = try weights["different_bytes"].integer(1...Int.max)
    }

    private static func formats(_ place: JSONPlace?) throws -> [String: Int] {
        var formats: [String: Int] = [:]
        for (name, version) in try place?.members() ?? [] { formats[name] = try version.integer(0...Int.max) }
        return formats
    }

    private static func model(_ place: JSONPlace) throws -> Manifest.Model {
        let model = try place.object(
            [
                "name", "family", "checkpoint_sha256", "depth", "width", "heads", "patch_size", "tokens",
                "latent_shape",
                "output_channels", "num_classes", "guidance_channels", "image",
            ], optional: ["activation_type"])
        _ = try model["family"].line()
        _ = try model["heads"].integer(sizes)
        return Manifest.Model(
            name: try model["name"].line(),
            checkpointSHA256: try model["checkpoint_sha256"].sha256(),
            depth: try model["depth"].integer(depths),
            width: try model["width"].integer(sizes),
            patchSize: try model["patch_size"].integer(sizes),
            tokens: try model["tokens"].integer(sizes),
            latentShape: try model["latent_shape"].items(3...3).map { try $0.integer(sizes) },
            outputChannels: try model["output_channels"].integer(sizes),
            numClasses: try model["num_classes"].integer(sizes),
            guidanceChannels: try model["guidance_channels"].integer(sizes),
            image: try model["image"].ifNotNull?.one(of: Manifest.Model.Image.allCases),
            activationType: try model.optional("activation_type")?.one(of: [DType.float32, .float16]) ?? .float32)
    }

    private static func diffusion(_ place: JSONPlace) throws -> Manifest.Diffusion {
        let diffusion = try place.object(["train_steps", "beta_schedule", "beta_start", "beta_end"])
        try diffusion["beta_schedule"].check(is: "linear")
        return Manifest.Diffusion(
            trainSteps: try diffusion["train_steps"].integer(sizes),
            betaStart: try diffusion["beta_start"].number(between: 0, and: 1),
            betaEnd: try diffusion["beta_end"].number(between: 0, and: 1))
    }

    private static func defaults(_ place: JSONPlace) throws -> Manifest.Defaults {
        let defaults = try place.object(["steps", "guidance"])
        return Manifest.Defaults(
            steps: try defaults["steps"].integer(sizes), guidance: try defaults["guidance"].number())
    }

    private static func files(_ place: JSONPlace) throws -> [String: Manifest.File] {
        var files: [String: Manifest.File] = [:]
        for (path, entry) in try place.members() {
            guard path.isRelativePath else { throw place.wrong("the path '\(path)' is malformed") }
            let file = try entry.object(["bytes", "sha256"])
            files[path] = Manifest.File(
                bytes: try file["bytes"].integer(0...Int.max), sha256: try file["sha256"].sha256())
        }
        return files
    }
}

extension JSONValue {
    fileprivate var schemaVersion: JSONValue? {
        if case .object(let members) = self { members["schema_version"] } else { nil }
    }
}
