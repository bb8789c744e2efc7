import Testing

@testable import LazyDiTDemo

@Suite struct BenchmarkPlanTests {
    @Test func policiesComeAndGoInTheOrderInWhichTheyAreOffered() {
        var plan = BenchmarkPlan(policies: [.always, .everyN])
        plan.toggle(.lazy)
        #expect(plan.policies == [.lazy, .always, .everyN])
        plan.toggle(.always)
        #expect(plan.policies == [.lazy, .everyN])
    }

    @Test func stepCountsComeAndGoAscending() {
        var plan = BenchmarkPlan(steps: [10, 50])
        plan.toggle(steps: 20)
        #expect(plan.steps == [10, 20, 50])
        plan.toggle(steps: 10)
        #expect(plan.steps == [20, 50])
    }
}
