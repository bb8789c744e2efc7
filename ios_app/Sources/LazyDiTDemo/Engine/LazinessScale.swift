/// The places of the laziness slider at one step count: plain DDIM, then the lazy ratios that export measured, ascending.
public struct LazinessScale: Equatable, Sendable {
    /// None where the step count has no gates.
    public let places: [Double]

    init(measured: [Double]) {
        places = measured.isEmpty ? [] : Set(measured).union([0]).sorted()
    }

    /// The place whose lazy ratio is nearest to the wished one; nil where there are no places.
    public func nearest(to lazyRatio: Double) -> Int? {
        places.indices.min { abs(places[$0] - lazyRatio) < abs(places[$1] - lazyRatio) }
    }
}
