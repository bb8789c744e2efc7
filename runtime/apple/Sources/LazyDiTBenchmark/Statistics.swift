/// The statistics of benchmarks/latency.py; each needs at least one value, ``deviation(_:)`` two.
public func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// The smallest value that at least `share` of the values do not exceed.
public func percentile(_ values: [Double], _ share: Double) -> Double {
    let rank = (share * Double(values.count)).rounded(.up)
    return values.sorted()[max(Int(rank), 1) - 1]
}

public func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
}

/// Standard deviation of a sample.
public func deviation(_ values: [Double]) -> Double {
    let mean = mean(values)
    let squares = values.map { ($0 - mean) * ($0 - mean) }
    return (squares.reduce(0, +) / Double(values.count - 1)).squareRoot()
}

/// How many steps of plain DDIM take `imageMs`; nil without at least two step counts to compare with.
///
/// `plainMs` holds the time of an image under policy `always` by step count; it is linear between neighbouring counts, and
/// goes on so past the ends.
public func equalLatencySteps(_ imageMs: Double, plainMs: [Int: Double]) -> Double? {
    let known = plainMs.sorted { $0.key < $1.key }
    let neighbours = zip(known, known.dropFirst())
    guard let (low, high) = neighbours.first(where: { imageMs <= $1.value }) ?? Array(neighbours).last else {
        return nil
    }
    let slope = (high.value - low.value) / Double(high.key - low.key)
    return Double(low.key) + (imageMs - low.value) / slope
}
