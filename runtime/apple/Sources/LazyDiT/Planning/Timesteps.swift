import LazyDiTCore

extension Manifest.Diffusion {
    /// The published respacing.
    func spacedTimesteps(_ steps: Int) throws -> [Int] {
        var timesteps = [Int64](repeating: 0, count: steps)
        try checked { lazydit_spaced_timesteps(Int32(trainSteps), Int32(steps), &timesteps, $0) }
        return timesteps.map(Int.init)
    }

    func alphasCumprod(_ timesteps: [Int]) throws -> [Double] {
        var alphas = [Double](repeating: 0, count: trainSteps)
        try checked { lazydit_alphas_cumprod(Int32(trainSteps), betaStart, betaEnd, &alphas, $0) }
        return timesteps.map { alphas[$0] }
    }
}
