// What holds between the parts of a manifest.

extension Manifest {
    /// Throws unless all parts fit together: model, gate graph, the signature of every program, gate sets, files.
    func check() throws {
        try checkModel()
        try checkModules()
        try checkPrograms()
        for spec in gateSets {
            try require(gateSets.count { $0.gateSet.name == spec.gateSet.name } == 1) {
                "two gate sets are called \(spec.gateSet.name)"
            }
            try check(spec)
        }
        try lazyRatios.forEach(check)
    }

    /// Channels, height, width of the image that decode makes, or of the latent without it.
    func imageShape() throws -> [Int] {
        guard let decode = graph.decode else { return model.latentShape }
        let shape = program(decode)?.outputs.first?.shape.compactMap { $0 } ?? []
        guard shape.count == 4 else {
            throw LazyDiTError.invalidBundle(
                "program \(decode) has no output [1, channels, height, width]: export the bundle again")
        }
        return Array(shape.dropFirst())
    }

    /// What the weights of a gate set take.
    func gateBytes(_ spec: GateSetSpec) -> Int {
        spec.gateSet.steps * graph.modules.count * model.width * MemoryLayout<Float>.size
    }

    /// Throws the problem unless it holds.
    func require(_ holds: Bool, _ problem: () -> String) throws {
        if !holds {
            throw LazyDiTError.invalidBundle("the bundle's manifest is wrong, \(problem()): export the bundle again")
        }
    }

    private func checkModel() throws {
        let (channels, height, width) = (model.latentShape[0], model.latentShape[1], model.latentShape[2])
        let patch = model.patchSize
        try require(
            model.tokens == (height / patch) * (width / patch) && height % patch == 0 && width % patch == 0
        ) { "model.tokens is \(model.tokens), which latent_shape and patch_size do not give" }
        try require(model.outputChannels == channels || model.outputChannels == 2 * channels) {
            "model.output_channels is \(model.outputChannels) for \(channels) channels"
        }
        try require(model.guidanceChannels <= channels) {
            "model.guidance_channels is \(model.guidanceChannels) of \(channels) channels"
        }
        try require((model.image == .decode) == (graph.decode != nil)) { "model.image and graph.decode disagree" }
        let imageChannels = try imageShape()[0]
        try require(model.image == nil || imageChannels == 1 || imageChannels == 3) {
            "the image has neither one channel nor three"
        }
        try require(defaults.steps <= diffusion.trainSteps) {
            "defaults.steps is \(defaults.steps) of \(diffusion.trainSteps)"
        }
        try require(diffusion.betaStart <= diffusion.betaEnd) {
            "diffusion.beta_start is above diffusion.beta_end"
        }
    }

    private func checkModules() throws {
        let modules = graph.modules
        try require(modules.count == 2 * model.depth) {
            "graph.modules lists \(modules.count) modules for depth \(model.depth)"
        }
        try require(graph.blocks.isEmpty || graph.blocks.count == model.depth) {
            "graph.blocks lists \(graph.blocks.count) programs for depth \(model.depth)"
        }
        for (i, module) in modules.enumerated() {
            try require(module.block == i / 2 && module.kind == (i % 2 == 0 ? .attn : .mlp)) {
                "graph.modules[\(i)] is \(module.kind.rawValue) of block \(module.block), out of order"
            }
            try require(module.reuse == modules[0].reuse) { "graph.modules name several reuse programs" }
        }
    }

    private func check(_ spec: GateSetSpec) throws {
        let steps = spec.gateSet.steps
        let name = "gate set \(spec.gateSet.name)"
        try require(spec.timesteps.count == steps && spec.alphasCumprod.count == steps) {
            "\(name) is for \(steps) steps but lists \(spec.timesteps.count) timesteps and "
                + "\(spec.alphasCumprod.count) alphas"
        }
        try require(spec.timesteps[0] < diffusion.trainSteps && spec.timesteps.neighbours(are: >)) {
            "the timesteps of \(name) do not descend within the training timesteps"
        }
        try require(spec.alphasCumprod.neighbours(are: <)) { "the alphas of \(name) do not ascend" }
        try require(!spec.gateSet.extrapolate || graph.extrapolate != nil) {
            "\(name) extrapolates and graph.extrapolate names no program"
        }
        try require(files[spec.file] != nil) { "\(spec.file) of \(name) is not listed in files" }
        let bytes = files[spec.file]?.bytes ?? 0
        let expected = gateBytes(spec)
        try require(bytes == expected) {
            "\(spec.file) has \(bytes) bytes and \(name) needs \(expected) "
                + "(\(steps) steps, \(graph.modules.count) modules, width \(model.width))"
        }
    }

    private func check(_ ratios: LazyRatios) throws {
        let name = "lazy_ratios of \(ratios.steps) steps"
        try require(lazyRatios.count { $0.steps == ratios.steps } == 1) {
            "lazy_ratios lists \(ratios.steps) steps more than once"
        }
        for point in ratios.points {
            try require(gateSets.contains { $0.gateSet.name == point.gates && $0.gateSet.steps == ratios.steps }) {
                "\(name) name \(point.gates), no gate set of it"
            }
            let within = [point.thresholds.attn, point.thresholds.mlp].allSatisfy { $0 > 0 && $0 < 1 }
            try require(within) { "\(name) hold a threshold that is not within 0 and 1" }
        }
        try require(ratios.points.map(\.lazyRatio).neighbours(are: <=)) { "\(name) do not ascend" }
    }
}

extension Array {
    fileprivate func neighbours(are ordered: (Element, Element) -> Bool) -> Bool {
        zip(self, dropFirst()).allSatisfy(ordered)
    }
}
