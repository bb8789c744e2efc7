import LazyDiTBenchmark
import Testing

/// Expected values: numpy's median, quantile(method="inverted_cdf") and std(ddof=1).
@Suite struct StatisticsTests {
    private let values = [3.5, 1.25, 9.0, 4.0, 2.5, 7.75, 0.5, 6.0, 5.0, 8.25, 1.0]

    @Test func ofAnOddAndAnEvenNumberOfValues() {
        #expect(median(values) == 4)
        #expect(median(values.dropLast()) == 4.5)
        #expect(percentile(values, 0.9) == 8.25)
        #expect(percentile(values.dropLast(), 0.9) == 8.25)
        #expect(abs(deviation(values) - 3.023017758) < 1e-9)
    }

    @Test func stepsOfPlainDDIMLieOnTheLineBetweenMeasuredCountsAndBeyondThem() {
        let plain = [5: 60.0, 10: 110, 20: 230]
        #expect([90, 170, 50, 290].map { equalLatencySteps($0, plainMs: plain) } == [8, 15, 4, 25])
    }

    @Test func oneCountIsNoLine() {
        #expect(equalLatencySteps(90, plainMs: [5: 60]) == nil)
    }
}
