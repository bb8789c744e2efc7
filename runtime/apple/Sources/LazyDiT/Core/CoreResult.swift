import LazyDiTCore

extension CoreGeneration {
    /// Copies of what a run left; only after one that did not throw.
    func result(_ request: Request, _ setting: Setting, of bundle: ModelBundle) -> GenerationResult {
        var gates: String?
        var thresholds: Thresholds?
        if case .lazy(let name, let pair) = setting.decider { (gates, thresholds) = (name, pair) }
        let latent = Array(
            UnsafeBufferPointer(start: lazydit_generation_latent(handle), count: bundle.latentShape.reduce(1, *)))
        return GenerationResult(
            label: request.label, seed: request.seed, steps: setting.steps, guidance: setting.guidance,
            policy: setting.decider.name, gates: gates, thresholds: thresholds, maxReuse: setting.maxReuse,
            latent: latent, image: image(latent, of: bundle), trace: trace(setting, of: bundle),
            timings: timings(steps: setting.steps))
    }

    private func image(_ latent: [Float], of bundle: ModelBundle) -> Pixels? {
        let shape = bundle.imageShape
        let decoded = lazydit_generation_image(handle).map {
            Array(UnsafeBufferPointer(start: $0, count: shape.reduce(1, *)))
        }
        guard let values = decoded ?? (bundle.manifest.model.image == .latent ? latent : nil) else { return nil }
        return Pixels(channels: shape[0], height: shape[1], width: shape[2], values: values)
    }

    private func trace(_ setting: Setting, of bundle: ModelBundle) -> Trace {
        let samples = Int(lazydit_generation_samples(handle))
        func cube<Value, Made>(_ values: UnsafePointer<Value>?, _ make: (Value) -> Made) -> [[[Made]]] {
            let modules = bundle.modules.count
            return (0..<setting.steps).map { step in
                (0..<samples).map { sample in
                    let row = UnsafeBufferPointer(start: values! + (step * samples + sample) * modules, count: modules)
                    return row.map(make)
                }
            }
        }
        return Trace(
            timesteps: setting.timesteps, modules: bundle.modules,
            scores: cube(lazydit_generation_scores(handle)) { $0.isNaN ? nil : Double($0) },
            ran: cube(lazydit_generation_ran(handle)) { $0 != 0 },
            extrapolated: cube(lazydit_generation_extrapolated(handle)) { $0 != 0 },
            moduleMs: cube(lazydit_generation_module_ms(handle)) { $0 })
    }

    private func timings(steps: Int) -> Timings {
        var timings = lazydit_timings()
        lazydit_generation_timings(handle, &timings)
        return Timings(
            totalMs: timings.total_ms, conditionMs: timings.condition_ms, embedMs: timings.embed_ms,
            attnMs: timings.attn_ms, mlpMs: timings.mlp_ms, blockMs: timings.block_ms, reuseMs: timings.reuse_ms,
            finalMs: timings.final_ms, decodeMs: timings.decode_ms, schedulerMs: timings.scheduler_ms,
            stepMs: Array(UnsafeBufferPointer(start: lazydit_generation_step_ms(handle), count: steps)))
    }
}

extension Setting.Decider {
    fileprivate var name: String {
        switch self {
        case .always: Policy.always.name
        case .lazy: Policy.lazy().name
        case .everyN: Policy.everyN().name
        case .schedule: Policy.schedule().name
        }
    }
}
