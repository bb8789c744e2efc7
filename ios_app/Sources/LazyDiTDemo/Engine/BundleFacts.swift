import LazyDiT

/// What the screens offer of a bundle.
public struct BundleFacts: Equatable, Sendable {
    public let numClasses: Int
    /// Reached in a step, over all samples.
    public let modulesPerStep: Int
    public let defaultSteps: Int
    public let stepCounts: [Int]
    public let checkpoint: String
    let scales: [Int: LazinessScale]

    public func scale(steps: Int) -> LazinessScale {
        scales[steps] ?? LazinessScale(measured: [])
    }
}

extension BundleFacts {
    init(_ bundle: ModelBundle) {
        numClasses = bundle.numClasses
        modulesPerStep = bundle.modules.count * (bundle.defaultGuidance == Self.unguided ? 1 : 2)
        defaultSteps = bundle.defaultSteps
        stepCounts = bundle.lazyRatios.isEmpty ? Self.usualSteps : bundle.lazyRatios.keys.sorted()
        checkpoint = bundle.checkpointSHA256
        scales = bundle.lazyRatios.mapValues(LazinessScale.init(measured:))
    }

    private static let usualSteps = [10, 20, 50]
    private static let unguided = 1.0
}
