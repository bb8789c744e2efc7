import LazyDiT

/// Everything that the screen shows. `facts` and `speed` are nil until the bundle is open and the device measured.
public struct GenerationState: Sendable {
    public internal(set) var choice = Choice()
    public internal(set) var facts: BundleFacts?
    public internal(set) var speed: Speed?
    public internal(set) var work = Work.idle
    public internal(set) var drawing: Drawing?
    public internal(set) var problem: Problem?

    /// The labels to pick from; nil where there are so many that one is typed.
    public var labels: Range<Int>? {
        guard let classes = facts?.numClasses else { return 0..<Self.mostPicked }
        return classes <= Self.mostPicked ? 0..<classes : nil
    }

    /// The step counts to choose from.
    public var stepCounts: [Int] { facts?.stepCounts ?? [choice.steps] }

    /// Nil where there is nothing to choose.
    public var slider: LazinessSlider? {
        guard let facts, let place = choice.place(facts) else { return nil }
        let places = facts.scale(steps: choice.steps).places
        return places.count > 1 ? LazinessSlider(place: place, last: places.count - 1, lazyRatio: places[place]) : nil
    }

    /// The time to be expected of what is chosen; nil until the device is measured.
    public var estimate: Estimate? {
        guard let facts, let speed else { return nil }
        func imageMs(_ ratio: Double) -> Double {
            speed.imageMs(steps: choice.steps, modules: facts.modulesPerStep, lazyRatio: ratio)
        }
        return Estimate(imageMs: imageMs(choice.expectedRatio(facts)), plainMs: imageMs(0))
    }

    private static let mostPicked = 10
}

/// The laziness slider: at `place` of 0 to `last`, which stands for a lazy ratio.
public struct LazinessSlider: Equatable, Sendable {
    public let place: Int
    public let last: Int
    public let lazyRatio: Double
}

public enum Work: Equatable, Sendable {
    case idle
    case cancelled
    case loading
    /// `share` of the model is made ready for the engine, 0 to 1.
    case preparing(share: Double)
    case measuring
    /// `step` of `steps` have ended; `comparison`: of the picture under plain DDIM.
    case running(step: Int, steps: Int, comparison: Bool)

    public var isUnderWay: Bool { self != .idle && self != .cancelled }

    /// From 0 to 1; nil where nobody can tell.
    public var share: Double? {
        switch self {
        case .idle, .cancelled, .loading, .measuring: nil
        case .preparing(let share): share
        case .running(let step, let steps, _): Double(step) / Double(steps)
        }
    }
}

/// A picture, and the same seed under plain DDIM with as many steps as take as long, where that is another.
public struct Drawing: Sendable {
    public let policy: Policy.Kind
    public let result: GenerationResult
    public internal(set) var plain: GenerationResult?
    /// The cell of the map whose score is shown.
    public internal(set) var selected: Cell?

    /// Plain DDIM is not compared with itself.
    public var isCompared: Bool { policy != .always }
}

/// Milliseconds of an image, and of one under plain DDIM with as many steps.
public struct Estimate: Equatable, Sendable {
    public let imageMs: Double
    public let plainMs: Double
}
