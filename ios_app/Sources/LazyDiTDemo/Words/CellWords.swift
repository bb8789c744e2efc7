import LazyDiT

/// The map of decisions in words.
extension Words {
    public func kind(_ kind: ModuleKind) -> String {
        self(kind == .attention ? .attention : .feedforward)
    }

    /// What VoiceOver says of one half of the map.
    public func mapDescription(_ panel: DecisionPanel) -> String {
        self(.mapDescription, kind(panel.kind), panel.steps, panel.blocks)
    }

    /// The place of a cell, for every sample its decision, score and time; without a cell, how to read the map.
    public func cell(_ cell: Cell?, in trace: Trace) -> String {
        let guided = trace.ran[0].count > 1
        guard let cell else { return self(guided ? .mapHint : .mapHintUnguided) }
        let place = self(.cell, kind(cell.kind), cell.block + 1, cell.step + 1)
        let decisions = trace.ran[cell.step].indices.map { decision(cell, sample: $0, in: trace) }
        return guided
            ? self(.cellGuided, place, decisions[0], decisions[1]) : self(.cellUnguided, place, decisions[0])
    }

    private func decision(_ cell: Cell, sample: Int, in trace: Trace) -> String {
        let ran = trace.ran[cell.step][sample][cell.module]
        let extrapolated = trace.extrapolated[cell.step][sample][cell.module]
        let word = self(ran ? .cellRan : extrapolated ? .cellExtrapolated : .cellReused)
        let scored =
            if let score = trace.scores[cell.step][sample][cell.module] {
                self(.cellScore, word, number(score, digits: 3))
            } else {
                word
            }
        return self(.cellTime, scored, duration(trace.moduleMs[cell.step][sample][cell.module]))
    }
}
