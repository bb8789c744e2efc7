import LazyDiT
import LazyDiTBenchmark

/// The words of the screen that draws.
extension Words {
    public func policy(_ policy: Policy.Kind) -> String {
        switch policy {
        case .lazy: self(.policyLazy)
        case .always: self(.policyAlways)
        case .everyN: self(.policyEveryN)
        case .schedule: self(.policySchedule)
        }
    }

    /// Over the labels to pick from, or over the field in which one is typed.
    public func labelTitle(_ state: GenerationState) -> String {
        guard state.labels == nil, let classes = state.facts?.numClasses else { return self(.digit) }
        return self(.label, classes - 1)
    }

    /// Of the laziness slider.
    public func laziness(_ lazyRatio: Double) -> String {
        self(.lazinessValue, percent(lazyRatio))
    }

    public func estimate(_ estimate: Estimate) -> String {
        let plain = duration(estimate.plainMs)
        if estimate.imageMs == estimate.plainMs { return self(.estimatePlain, plain) }
        return self(.estimate, duration(estimate.imageMs), plain)
    }

    /// Nil while nothing is under way.
    public func work(_ work: Work) -> String? {
        switch work {
        case .idle, .cancelled: nil
        case .loading: self(.loading)
        case .preparing(let share): self(.preparing, percent(share))
        case .measuring: self(.measuring)
        case .running(let step, let steps, false): self(.running, step, steps)
        case .running(let step, let steps, true): self(.runningComparison, step, steps)
        }
    }

    public func picturesTitle(_ drawing: Drawing) -> String {
        self(drawing.isCompared ? .pictures : .picturesAlone)
    }

    public func pictureCaption(_ result: GenerationResult, _ policy: Policy.Kind) -> String {
        self(
            .pictureCaption, self.policy(policy), self(.stepCount, result.steps), duration(result.timings.totalMs))
    }

    public func pictureDescription(_ result: GenerationResult, _ policy: Policy.Kind) -> String {
        self(.pictureDescription, result.label, self.policy(policy), duration(result.timings.totalMs))
    }

    public func decisionsSummary(_ result: GenerationResult) -> String {
        self(.decisionsSummary, percent(result.lazyRatio))
    }

    public func stepTimesDescription(_ stepMs: [Double]) -> String {
        guard let shortest = stepMs.min(), let longest = stepMs.max() else { return self(.stepTimes) }
        return self(
            .stepTimesDescription, stepMs.count, duration(shortest), duration(longest), duration(median(stepMs)))
    }

    public func problem(_ problem: Problem) -> String {
        switch problem {
        case .noBundle: self(.problemNoBundle)
        case .badBundle(let sentence): self(.problemBundle, sentence)
        case .notEnoughMemory(let needed, let free): self(.problemMemory, megabytes(needed), megabytes(free))
        case .lowBattery(let percent): self(.problemBattery, self.percent(Double(percent) / 100))
        case .lowPowerMode: self(.problemLowPower)
        case .generationFailed(let sentence): self(.problemGeneration, sentence)
        }
    }

    private func megabytes(_ bytes: Int) -> Int {
        bytes / 1_000_000
    }
}
