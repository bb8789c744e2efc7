import Foundation
import LazyDiT
import Testing

@testable import LazyDiTDemo

@Suite(.timeLimit(.minutes(5))) @MainActor struct GenerationModelTests {
    private let sandbox: Sandbox
    private let words: Words

    init() throws {
        sandbox = try Sandbox()
        words = try .inLanguage("en")
    }

    private func drawn(_ choice: Choice) async throws -> Drawing {
        let model = sandbox.generationModel()
        _ = await model.opened()
        model.choose { $0 = choice }
        model.generate()
        return try #require(await model.idle().drawing)
    }

    @Test func offersWhatTheBundleHasAndTellsTheTimeBeforeItRuns() async throws {
        let state = await sandbox.generationModel().opened()
        let facts = try #require(state.facts)
        #expect(facts.numClasses == 10)
        #expect(facts.stepCounts == [10, 20])
        #expect(facts.modulesPerStep == 24)
        let estimate = words.estimate(try #require(state.estimate))
        #expect(try /About [0-9.]+ m?s here; plain DDIM about [0-9.]+ m?s/.wholeMatch(in: estimate) != nil)
        #expect(state.drawing == nil && state.problem == nil && state.work == .idle)
    }

    @Test func beforeTheBundleIsOpenTheScreenOffersDigits() {
        let state = GenerationState()
        #expect(state.labels == 0..<10 && state.stepCounts == [20])
        #expect(state.slider == nil && state.estimate == nil)
        #expect(words.labelTitle(state) == "Digit")
    }

    @Test func whoCancelledTheOpeningCanGoOnAllTheSame() async {
        let model = sandbox.generationModel()
        model.open()
        model.cancel()
        #expect(await model.idle().work == .cancelled)
        model.choose { $0 = Choice(steps: 10, policy: .everyN) }
        model.generate()
        let state = await model.idle()
        #expect(state.drawing?.plain != nil && state.estimate != nil)
    }

    @Test func manyClassesAreTypedAndNotPicked() async {
        var state = await sandbox.generationModel().opened()
        #expect(state.labels == 0..<10 && words.labelTitle(state) == "Digit")
        state.facts = state.facts?.with(classes: 1000)
        #expect(state.labels == nil && words.labelTitle(state) == "Class, 0 to 999")
    }

    @Test func theSliderStandsAtTheChosenRatioAndOnlyWherePolicyLazyHasAChoice() async throws {
        let model = sandbox.generationModel()
        let facts = try #require(await model.opened().facts)
        let ratios = facts.scale(steps: 20).places
        model.choosePlace(1)
        #expect(
            model.state.value.slider == LazinessSlider(place: 1, last: ratios.count - 1, lazyRatio: ratios[1]))
        model.choose { $0.policy = .everyN }
        #expect(model.state.value.slider == nil)
        var state = model.state.value
        state.choice.policy = .lazy
        state.facts = facts.with(lazyRatios: [20: [0]])
        #expect(state.slider == nil)
    }

    @Test func aScreenThatAppearsAgainKeepsItsDrawingAndACellIsSelectedUntilTheNext() async {
        let model = sandbox.generationModel()
        model.openOnce()
        _ = await model.idle()
        model.choose { $0 = Choice(steps: 10, policy: .always) }
        model.generate()
        _ = await model.idle()
        model.select(Cell(step: 3, module: 2))
        model.openOnce()
        #expect(model.state.value.work == .idle)
        #expect(model.state.value.drawing?.selected == Cell(step: 3, module: 2))
        model.generate()
        let again = await model.idle()
        #expect(again.drawing != nil && again.drawing?.selected == nil)
    }

    @Test func measuresTheDeviceOnceForAModel() async {
        let first = await sandbox.generationModel().opened().speed
        #expect(first != nil)
        let model = sandbox.generationModel()
        model.open()
        var seen: [Work] = []
        for await state in model.state.values() {
            seen.append(state.work)
            if !state.work.isUnderWay { break }
        }
        #expect(!seen.contains(.measuring))
        #expect(model.state.value.speed == first)
    }

    @Test func theTimeThatIsForetoldFollowsFromTheRatioOnTheSlider() async throws {
        let model = sandbox.generationModel()
        let facts = try #require(await model.opened().facts)
        sandbox.store.keep(Speed(runMs: 2, reuseMs: 0.25, restMs: 4), of: facts)
        model.open()
        let state = await model.idle()
        #expect(state.estimate?.plainMs == 20 * (4 + 24 * 2.0))
        let ratios = facts.scale(steps: 20).places
        for place in [0, ratios.count - 1] {
            model.choosePlace(place)
            let imageMs = try #require(model.state.value.estimate?.imageMs)
            let ratio = ratios[place]
            #expect(abs(imageMs - 20 * (4 + 24 * (0.25 * ratio + 2 * (1 - ratio)))) < 1e-9)
        }
        model.choosePlace(0)
        #expect(words.estimate(try #require(model.state.value.estimate)) == "About 1.0 s here")
    }

    @Test func drawsTheDigitStepByStepAndThenPlainDDIMInTheSameTime() async throws {
        let model = sandbox.generationModel()
        _ = await model.opened()
        model.generate()
        var seen: [Work] = []
        for await state in model.state.values() {
            seen.append(state.work)
            if !state.work.isUnderWay { break }
        }
        #expect(seen.contains { if case .running(_, 20, comparison: false) = $0 { true } else { false } })
        #expect(seen.contains { if case .running(_, _, comparison: true) = $0 { true } else { false } })
        let drawing = try #require(model.state.value.drawing)
        #expect(drawing.policy == .lazy)
        #expect(drawing.result.lazyRatio > 0.2)
        let plain = try #require(drawing.plain)
        #expect(plain.lazyRatio == 0 && plain.policy == "always" && (1...20).contains(plain.steps))
        #expect(plain.seed == drawing.result.seed && plain.label == drawing.result.label)
        // A digit is neither black nor white all over.
        #expect(Set(try #require(drawing.result.image).rgba).count > 50)
    }

    @Test func aSeedAlwaysGivesTheSamePicture() async throws {
        let choice = Choice(label: 5, seed: 17, steps: 10, policy: .always)
        let pictures = [try await drawn(choice), try await drawn(choice)].map(\.result.latent)
        #expect(pictures[0] == pictures[1])
        var other = choice
        other.seed = 18
        #expect(try await drawn(other).result.latent != pictures[0])
    }

    @Test func plainDDIMIsNotComparedWithItself() async throws {
        let drawing = try await drawn(Choice(steps: 10, policy: .always))
        #expect(drawing.plain == nil && !drawing.isCompared)
        #expect(drawing.result.lazyRatio == 0)
    }

    @Test(arguments: [(Policy.Kind.everyN, 0.5), (.schedule, 0.45)])
    func theOtherPoliciesReuseWhatTheyAreSaidToReuse(policy: Policy.Kind, ratio: Double) async throws {
        let choice = Choice(steps: 10, policy: policy)
        let drawing = try await drawn(choice)
        #expect(abs(drawing.result.lazyRatio - ratio) < 1e-9)
        let facts = try await sandbox.engine().use { BundleFacts($0.bundle) }
        #expect(choice.expectedRatio(facts) == ratio)
    }

    @Test func theSliderGetsWhatItWishes() async throws {
        let facts = try await sandbox.engine().use { BundleFacts($0.bundle) }
        let wished = try #require(facts.scale(steps: 10).places.last)
        let drawing = try await drawn(Choice(steps: 10, policy: .lazy, lazyRatio: wished))
        #expect(abs(drawing.result.lazyRatio - wished) < 0.1)
    }

    @Test func cancellingAtAnyStepLeavesNoHalfOfAResultAndLetsTheUserGoOn() async throws {
        let model = sandbox.generationModel()
        _ = await model.opened()
        for comparison in [false, true] {
            model.generate()
            let running = await model.state.first {
                if case .running(let step, _, comparison) = $0.work { step > 0 } else { !$0.work.isUnderWay }
            }
            try #require(running.work.isUnderWay)
            model.cancel()
            let state = await model.idle()
            #expect(state.work == .cancelled)
            #expect((state.drawing != nil) == comparison)
            #expect(state.drawing?.plain == nil)
        }
        model.generate()
        #expect(await model.idle().drawing?.plain != nil)
    }

    @Test func cancellingWhileAnotherScreenHasTheEngineEndsTheWaiting() async throws {
        let engine = sandbox.engine()
        let model = sandbox.generationModel(engine)
        try await engine.use { _ in
            model.open()
            await Task.yield()
            model.cancel()
            #expect(await model.idle().work == .cancelled)
        }
        #expect(await model.opened().problem == nil)
    }

    @Test func aSecondWishIsPassedOverWhileTheFirstIsUnderWay() async throws {
        let model = sandbox.generationModel()
        model.open()
        model.generate()
        #expect(await model.idle().drawing == nil)
    }

    @Test func theChoiceOutlivesTheProcess() async {
        let model = sandbox.generationModel()
        _ = await model.opened()
        model.choose { $0 = Choice(label: 7, seed: .max, steps: 10, policy: .everyN, lazyRatio: 0.15) }
        let later = await sandbox.generationModel().opened()
        #expect(later.choice == Choice(label: 7, seed: .max, steps: 10, policy: .everyN, lazyRatio: 0.15))
    }

    @Test func whatIsTypedOrDrawnByLotStaysWithinTheBundle() async {
        let model = sandbox.generationModel()
        _ = await model.opened()
        model.chooseLabel(.max)
        #expect(model.state.value.choice.label == 9)
        let seeds = (0..<8).map { _ in
            model.chooseNewSeed()
            return model.state.value.choice.seed
        }
        #expect(Set(seeds).count > 1 && seeds.allSatisfy { $0 < 100_000 })
    }
}
