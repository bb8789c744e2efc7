// The programs of a manifest, the graph that they make, the gates that guard it.

extension ManifestReader {
    static func program(_ name: String, _ place: JSONPlace) throws -> Program {
        guard name.isName else { throw place.wrong("its name is malformed") }
        let counts = ["delegates", "operators", "weight_bytes"]
        let program = try place.object(
            ["file", "method", "inputs", "outputs"], optional: counts + ["leftover_ops"])
        for count in counts { _ = try program.optional(count)?.integer(0...Int.max) }
        for op in try program.optional("leftover_ops")?.items() ?? [] { _ = try op.text() }
        return Program(
            name: name,
            file: try program["file"].relativePath(),
            method: try program["method"].name(),
            inputs: try program["inputs"].items().map(tensor),
            outputs: try program["outputs"].items().map(tensor))
    }

    private static func tensor(_ place: JSONPlace) throws -> TensorSpec {
        let tensor = try place.object(["name", "dtype", "shape"])
        return TensorSpec(
            name: try tensor["name"].name(),
            dtype: try tensor["dtype"].one(of: [DType.float32, .float16, .int64]),
            shape: try tensor["shape"].items(1...4).map(size))
    }

    /// Nil for the number of timesteps of one call.
    private static func size(_ place: JSONPlace) throws -> Int? {
        guard place.isText else { return try place.integer(1...Int.max) }
        try place.check(is: "T")
        return nil
    }

    static func graph(_ place: JSONPlace) throws -> Manifest.Graph {
        let graph = try place.object(
            ["condition", "embed", "modules", "final", "decode"], optional: ["blocks", "extrapolate", "norm"])
        let condition = try graph["condition"].object(["program", "max_steps"])
        return Manifest.Graph(
            condition: try condition["program"].name(),
            conditionMaxSteps: try condition["max_steps"].integer(sizes),
            embed: try graph["embed"].name(),
            modules: try graph["modules"].items(2...Int.max).map(module),
            blocks: try graph.optional("blocks")?.items().map { try $0.name() } ?? [],
            extrapolate: try graph.optional("extrapolate")?.ifNotNull?.name(),
            final: try graph["final"].name(),
            decode: try graph["decode"].ifNotNull?.name(),
            layerNormEpsilon: try graph.optional("norm")?.ifNotNull.map(layerNormEpsilon) ?? 0)
    }

    private static func module(_ place: JSONPlace) throws -> Manifest.Module {
        let module = try place.object(["name", "kind", "block", "program", "reuse"])
        return Manifest.Module(
            name: try module["name"].name(),
            kind: try module["kind"].one(of: Manifest.Module.Kind.allCases),
            block: try module["block"].integer(0...Int.max),
            program: try module["program"].name(),
            reuse: try module["reuse"].name())
    }

    private static func layerNormEpsilon(_ place: JSONPlace) throws -> Double {
        let norm = try place.object(["kind", "epsilon"])
        try norm["kind"].check(is: "layer_norm")
        return try norm["epsilon"].number(between: 0, and: 1)
    }

    static func gateSet(_ place: JSONPlace) throws -> Manifest.GateSetSpec {
        let set = try place.object(
            [
                "name", "steps", "timesteps", "alphas_cumprod", "file", "thresholds", "max_reuse", "target_ratio",
                "calibration",
            ], optional: ["extrapolate"])
        for point in try set["calibration"].items() { try checkCalibration(point) }
        _ = try set["target_ratio"].ifNotNull?.share()
        return Manifest.GateSetSpec(
            gateSet: GateSet(
                name: try set["name"].name(),
                steps: try set["steps"].integer(sizes),
                thresholds: try thresholds(set["thresholds"]),
                maxReuse: try set["max_reuse"].ifNotNull?.integer(sizes),
                extrapolate: try set.optional("extrapolate")?.boolean() ?? false),
            timesteps: try set["timesteps"].items(1...Int.max).map { try $0.integer(0...sizes.upperBound - 1) },
            alphasCumprod: try set["alphas_cumprod"].items(1...Int.max).map { try $0.number(between: 0, and: 1) },
            file: try set["file"].relativePath())
    }

    private static func checkCalibration(_ place: JSONPlace) throws {
        let point = try place.object(["threshold", "lazy_ratio", "psnr"])
        _ = try point["threshold"].share()
        _ = try point["lazy_ratio"].share()
        _ = try point["psnr"].ifNotNull?.number()
    }

    private static func thresholds(_ place: JSONPlace) throws -> Thresholds {
        let thresholds = try place.object(["attn", "mlp"])
        return Thresholds(attn: try thresholds["attn"].share(), mlp: try thresholds["mlp"].share())
    }

    static func lazyRatios(_ place: JSONPlace) throws -> Manifest.LazyRatios {
        let ratios = try place.object(["steps", "images", "points"])
        _ = try ratios["images"].integer(sizes)
        return Manifest.LazyRatios(
            steps: try ratios["steps"].integer(sizes),
            points: try ratios["points"].items(1...Int.max).map(ratioPoint))
    }

    private static func ratioPoint(_ place: JSONPlace) throws -> Manifest.RatioPoint {
        let point = try place.object(["gates", "thresholds", "max_reuse", "lazy_ratio"])
        return Manifest.RatioPoint(
            gates: try point["gates"].name(),
            thresholds: try thresholds(point["thresholds"]),
            maxReuse: try point["max_reuse"].ifNotNull?.integer(sizes),
            lazyRatio: try point["lazy_ratio"].share())
    }
}
