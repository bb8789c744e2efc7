import LazyDiTCore

extension Setting {
    /// The bytes that such a generation will allocate.
    func memory(in bundle: ModelBundle) throws -> Memory {
        var memory = lazydit_memory()
        try bundle.withCoreModel { model in
            try withCorePlan(of: bundle) { plan in
                try checked { lazydit_generation_memory(model, plan, &memory, $0) }
            }
        }
        return Memory(
            total: memory.total, cache: memory.cache, modulation: memory.modulation, activations: memory.activations,
            gates: memory.gates, trace: memory.trace)
    }

    /// Calls `body` with this setting as the core takes it.
    func withCorePlan<Value>(
        of bundle: ModelBundle, _ body: (UnsafePointer<lazydit_plan>) throws -> Value
    ) rethrows -> Value {
        let timesteps = timesteps.map(Int64.init)
        return try timesteps.withUnsafeBufferPointer { timesteps in
            try alphasCumprod.withUnsafeBufferPointer { alphas in
                try withCorePolicy(of: bundle) { policy in
                    var plan = lazydit_plan(
                        steps: Int32(steps), timesteps: timesteps.baseAddress, alphas_cumprod: alphas.baseAddress,
                        guided: guided ? 1 : 0, guidance_channels: Int64(bundle.manifest.model.guidanceChannels),
                        policy: policy)
                    return try body(&plan)
                }
            }
        }
    }

    private func withCorePolicy<Value>(
        of bundle: ModelBundle, _ body: (lazydit_policy) throws -> Value
    ) rethrows -> Value {
        var policy = lazydit_policy()
        policy.max_reuse = Int32(clamping: maxReuse ?? 0)
        policy.extrapolate = extrapolate ? 1 : 0
        switch decider {
        case .always:
            policy.kind = LAZYDIT_ALWAYS
        case .everyN(let n):
            policy.kind = LAZYDIT_EVERY_N
            policy.every_n = Int32(clamping: n)
        case .lazy(let gates, let thresholds):
            policy.kind = LAZYDIT_LAZY
            policy.threshold_attn = Float(thresholds.attn)
            policy.threshold_mlp = Float(thresholds.mlp)
            return try bundle.gates[gates]!.withUnsafeBufferPointer {
                policy.gates = $0.baseAddress
                return try body(policy)
            }
        case .schedule(let run):
            policy.kind = LAZYDIT_SCHEDULE
            return try run.map { $0 ? UInt8(1) : 0 }.withUnsafeBufferPointer {
                policy.schedule = $0.baseAddress
                return try body(policy)
            }
        }
        return try body(policy)
    }
}
