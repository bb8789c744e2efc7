@testable import LazyDiTDemo

extension BundleFacts {
    /// The same of a model with other classes or other measured lazy ratios by step count.
    func with(classes: Int? = nil, lazyRatios: [Int: [Double]]? = nil) -> BundleFacts {
        BundleFacts(
            numClasses: classes ?? numClasses, modulesPerStep: modulesPerStep, defaultSteps: defaultSteps,
            stepCounts: stepCounts, checkpoint: checkpoint,
            scales: lazyRatios.map { $0.mapValues(LazinessScale.init(measured:)) } ?? scales)
    }
}
