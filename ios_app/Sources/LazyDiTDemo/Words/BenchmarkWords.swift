import LazyDiTBenchmark

/// The words of the benchmark's screen.
extension Words {
    public func progress(_ progress: BenchmarkState.Progress) -> String {
        progress.images == 0 ? self(.loading) : self(.benchmarkProgress, progress.done, progress.images)
    }

    /// The headings of the table.
    public var columns: [String] {
        [self(.columnCase), self(.columnSteps), self(.columnReused), self(.columnMedian), self(.columnP90)]
    }

    /// A line of the table, in the order of ``columns``.
    public func cells(_ row: BenchmarkRow) -> [String] {
        [
            row.policy, String(row.steps), percent(row.lazyRatio), duration(row.imageMs), duration(row.imageMsP90),
        ]
    }

    /// The same for VoiceOver, each with its heading.
    public func spokenCells(_ row: BenchmarkRow) -> [String] {
        zip(columns, cells(row)).map { "\($0), \($1)" }
    }

    public func conditions(_ condition: DeviceCondition) -> String {
        let unknown = self(.conditionsUnknown)
        let battery = condition.batteryPercent.map { percent(Double($0) / 100) }
        return self(.conditions, battery ?? unknown, condition.thermalState.map(heat) ?? unknown)
    }

    private func heat(_ state: ThermalState) -> String {
        switch state {
        case .nominal: self(.thermalNominal)
        case .fair: self(.thermalFair)
        case .serious: self(.thermalSerious)
        case .critical: self(.thermalCritical)
        }
    }
}
