import LazyDiT
import Testing

@testable import LazyDiTDemo

@Suite struct ChoiceTests {
    private func facts() async throws -> BundleFacts {
        try await BundleFacts(LazyDiT(bundle: Fixtures.demo, options: Options(executor: Fixtures.native)).bundle)
    }

    @Test func lazyAsksForThePlaceOfTheSliderThatIsNearestToTheWish() async throws {
        let facts = try await facts()
        var choice = Choice(steps: 10, policy: .lazy, lazyRatio: 0.29)
        let places = facts.scale(steps: 10).places
        let place = try #require(choice.place(facts))
        #expect(places.allSatisfy { abs(places[place] - 0.29) <= abs($0 - 0.29) })
        #expect(choice.request(facts).policy == .lazyRatio(places[place]))
        choice.lazyRatio = 0
        #expect(choice.place(facts) == 0)
        #expect(choice.request(facts).policy == .lazyRatio(0))
    }

    @Test func withoutGatesForItsStepsLazyIsPlainDDIM() async throws {
        let facts = try await facts()
        let choice = Choice(steps: 50, policy: .lazy)
        #expect(choice.place(facts) == nil)
        #expect(choice.request(facts).policy == .always)
        #expect(choice.expectedRatio(facts) == 0)
    }

    @Test func labelsAndStepsAreThoseOfTheBundle() async throws {
        let facts = try await facts()
        #expect(Choice(label: 12, steps: 7).within(facts) == Choice(label: 9, steps: 20))
        #expect(Choice(label: -1, steps: 10).within(facts) == Choice(label: 0, steps: 10))
    }

    @Test func theScaleBeginsWithPlainDDIMAndHasEveryPlaceOnce() {
        let scale = LazinessScale(measured: [0, 0.2, 0.5])
        #expect(scale.places == [0, 0.2, 0.5])
        #expect(LazinessScale(measured: [0.3, 0.1]).places == [0, 0.1, 0.3])
        #expect([0.0, 0.15, 0.34, 0.36, 9].map(scale.nearest) == [0, 1, 1, 2, 2])
        #expect(LazinessScale(measured: []).nearest(to: 0.3) == nil)
    }
}
