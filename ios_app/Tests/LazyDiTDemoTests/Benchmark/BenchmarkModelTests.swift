import Foundation
import LazyDiT
import Testing

@testable import LazyDiTDemo

@Suite(.timeLimit(.minutes(5))) @MainActor struct BenchmarkModelTests {
    private let sandbox: Sandbox
    private let facts = DeviceFacts(processor: "iPhone16,2", machine: "arm64", cpus: 6, system: "iOS 17.4.1")

    init() throws {
        sandbox = try Sandbox()
    }

    private func model(_ condition: DeviceCondition = .ready, engine: Engine? = nil) -> BenchmarkModel {
        let model = BenchmarkModel(engine: engine ?? sandbox.engine(), facts: facts) { condition }
        model.choose { $0 = BenchmarkPlan(policies: [.always, .lazy], steps: [10], rounds: 3) }
        return model
    }

    private func answer(_ model: BenchmarkModel, _ arguments: [String]) async throws -> [String: Any] {
        let words = try Words.inLanguage("en")
        await model.carryOut(arguments, documents: sandbox.documents, words: words)
        let folder = sandbox.documents.appendingPathComponent("benchmarks")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.json"])
        let content = try Data(contentsOf: folder.appendingPathComponent("a.json"))
        return try #require(try JSONSerialization.jsonObject(with: content) as? [String: Any])
    }

    private func order(_ more: String...) -> [String] {
        ["--benchmark", "--steps", "10", "--policies", "lazy", "--rounds", "2", "--out", "a.json"] + more
    }

    @Test func opensTheBundleToOfferWhatItHas() async {
        let model = model()
        #expect(model.state.value.stepCounts == [10])
        model.open()
        await model.finished()
        #expect(model.state.value.stepCounts == [10, 20])
    }

    @Test func aPlanNeedsAPolicyAndAStepCount() {
        let model = model()
        #expect(model.state.value.canStart)
        model.choose { $0.policies = [] }
        #expect(!model.state.value.canStart)
        model.choose { $0 = BenchmarkPlan(steps: []) }
        #expect(!model.state.value.canStart)
    }

    @Test func aScreenThatAppearsAgainKeepsItsReport() async {
        let model = model()
        model.openOnce()
        #expect(model.state.value.progress?.share == nil)
        await model.finished()
        model.start()
        await model.finished()
        model.openOnce()
        await model.finished()
        #expect(model.state.value.report != nil)
        model.open()
        await model.finished()
        #expect(model.state.value.report == nil)
    }

    @Test func measuresALinePerCaseAndCountsImages() async throws {
        let model = model()
        model.start()
        let progress = await model.state.first { ($0.progress?.done ?? 0) > 0 }.progress
        // Five cases: plain DDIM with ten and five steps, and three gate sets; three rounds and one to warm up.
        #expect(progress?.images == 20)
        #expect(progress?.share == progress.map { Double($0.done) / 20 })
        await model.finished()
        let state = model.state.value
        let report = try #require(state.report)
        #expect(state.progress == nil)
        #expect(report.rows.map(\.policy) == ["always", "lazy 10-r15", "lazy 10-r30", "lazy 10-r50", "always"])
        #expect(report.rows.map(\.steps) == [10, 10, 10, 10, 5])
        #expect(report.condition == .ready)
        let shared = try JSONSerialization.jsonObject(with: Data(contentsOf: try #require(state.file)))
        #expect((shared as? [String: Any])?["rounds"] as? Int == 3)
    }

    @Test func anOrderIsAnsweredWithTheColumnsOfTheLatencyTable() async throws {
        let answer = try await answer(model(), order())
        #expect(answer["device"] as? String == "ios")
        #expect(answer["processor"] as? String == "iPhone16,2")
        #expect(answer["model"] as? String == "digits")
        #expect(answer["guidance"] as? Double == 3)
        #expect(answer["executor"] as? String == "native")
        let conditions = try #require(answer["conditions"] as? [[String: Any]])
        #expect(conditions.map { $0["round"] as? Int } == [0, 1])
        #expect(
            conditions.allSatisfy { $0["thermal_state"] as? String == "nominal" && $0["plugged"] as? Bool == false })
        let rows = try #require(answer["rows"] as? [[String: Any]])
        #expect(rows.count == 5)
        for row in rows {
            #expect(Set(row.keys) == Self.columns.union(Self.kinds))
            let imageMs = try #require(row["image_ms"] as? Double)
            let kinds = Self.kinds.compactMap { row[$0] as? Double }
            #expect(kinds.count == Self.kinds.count)
            #expect(abs(kinds.reduce(0, +) - imageMs) < 0.3 * imageMs)
            #expect((row["images"] as? [Double])?.count == 2)
            #expect((row["policy"] as? String == "always") == (row["lazy_ratio"] as? Double == 0))
            #expect(row["threads"] is NSNull)
        }
    }

    @Test func anOrderForABundleThatIsNotThereFailsWithASentence() async throws {
        let answer = try await answer(model(), order("--bundle", "nowhere"))
        #expect((answer["failed"] as? String)?.hasPrefix("There is no model") == true)
    }

    @Test func aCopiedBundleIsMeasuredWhenTheOrderNamesIt() async throws {
        try sandbox.copy(Fixtures.demo, as: "mine")
        let answer = try await answer(model(engine: sandbox.engine(shipped: nil)), order("--bundle", "mine"))
        #expect(answer["model"] as? String == "digits")
    }

    @Test func anOrderWaitsForTheScreenThatOpensTheBundle() async throws {
        let model = model()
        model.open()
        #expect(try await answer(model, order())["rows"] != nil)
    }

    @Test func anOrderThatCannotBeUnderstoodIsAnsweredToo() async throws {
        let answer = try await answer(model(), order("--turns", "3"))
        #expect((answer["failed"] as? String)?.hasPrefix("--turns is not known") == true)
    }

    @Test func anOrderWhoseAnswerWouldLieElsewhereLeavesNothingAndIsRefusedOnTheScreen() async throws {
        let arguments = ["--benchmark", "--steps", "10", "--policies", "lazy", "--rounds", "2", "--out", "../a.json"]
        let model = model()
        try await model.carryOut(arguments, documents: sandbox.documents, words: .inLanguage("en"))
        guard case .generationFailed(let sentence) = model.state.value.problem else {
            Issue.record("the screen says nothing")
            return
        }
        #expect(sentence.hasPrefix("--out needs the name of a file"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.documents.path) == ["bundles"])
    }

    @Test func withoutAnOrderNothingIsMeasured() async throws {
        let model = model()
        try await model.carryOut([], documents: sandbox.documents, words: .inLanguage("en"))
        #expect(model.state.value.progress == nil && model.state.value.report == nil)
    }

    @Test(arguments: [
        (
            DeviceCondition(thermalState: .nominal, batteryPercent: 9, plugged: false, lowPowerMode: false),
            Problem.lowBattery(percent: 9)
        ),
        (DeviceCondition(thermalState: .nominal, batteryPercent: 90, plugged: true, lowPowerMode: true), .lowPowerMode),
    ])
    func whatSlowsThePhoneDownIsRefused(condition: DeviceCondition, problem: Problem) async {
        let model = model(condition)
        model.start()
        await model.finished()
        #expect(model.state.value.problem == problem)
        #expect(model.state.value.report == nil)
    }

    @Test func cancellingGivesNoReportAndKeepsThePlan() async {
        let model = model()
        model.start()
        _ = await model.state.first { ($0.progress?.done ?? 0) > 0 }
        model.cancel()
        await model.finished()
        let state = model.state.value
        #expect(state.progress == nil && state.report == nil && state.problem == nil)
        #expect(state.plan.rounds == 3)
    }

    private static let kinds: Set = [
        "condition_ms", "embed_ms", "attn_ms", "mlp_ms", "block_ms", "reuse_ms", "final_ms", "decode_ms",
        "scheduler_ms",
    ]

    /// Of benchmarks/rows.py, those that a phone can tell.
    private static let columns: Set = [
        "engine", "policy", "threads", "precision", "steps", "lazy_ratio", "first_step_ms", "step_ms", "step_ms_p90",
        "step_ms_deviation", "image_ms", "image_ms_p90", "ddim_steps", "scheduler_share", "images",
    ]
}

extension DeviceCondition {
    fileprivate static let ready = DeviceCondition(
        thermalState: .nominal, batteryPercent: 80, plugged: false, lowPowerMode: false)
}
