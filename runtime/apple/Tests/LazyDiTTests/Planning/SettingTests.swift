import Foundation
import Testing

@testable import LazyDiT

@Suite struct SettingTests {
    private static let tiny = Result { try open("tiny-android") }
    private static let demo = Result { try open("demo-android") }

    private static func open(_ name: String) throws -> ModelBundle {
        try ModelBundle(directory: Fixtures.bundles.appendingPathComponent(name))
    }

    private func setting(
        _ policy: Policy = .lazy(), label: Int = 0, steps: Int? = nil, guidance: Double? = nil, noise: [Float]? = nil,
        of bundle: Result<ModelBundle, any Error> = tiny
    ) throws -> Setting {
        let request = Request(label: label, steps: steps, guidance: guidance, policy: policy, noise: noise)
        return try Setting(request, of: bundle.get())
    }

    private func refusal(_ work: () throws -> Setting) throws -> String? {
        do {
            _ = try work()
            return nil
        } catch LazyDiTError.invalidRequest(let sentence) {
            return sentence
        }
    }

    @Test func whatIsLeftOpenIsTheBundles() throws {
        let setting = try setting()
        #expect(setting.decider == .lazy(gates: "7-reference", thresholds: Thresholds(0.5)))
        #expect(setting.maxReuse == nil && !setting.extrapolate)
        #expect(setting.guidance == 3 && setting.guided)
        #expect(setting.timesteps == [999, 832, 666, 500, 333, 166, 0])
        #expect(setting.alphasCumprod.first == 4.0358297653756754e-05 && setting.alphasCumprod.last == 0.9999)
    }

    @Test func aGateSetIsTakenWithAllThatItWasMadeWith() throws {
        let bundle = try Self.demo.get()
        for set in bundle.gateSets {
            let setting = try setting(.lazy(gates: set.name), of: Self.demo)
            #expect(setting.decider == .lazy(gates: set.name, thresholds: set.thresholds))
            #expect(setting.steps == set.steps && setting.maxReuse == set.maxReuse)
            #expect(setting.extrapolate == set.extrapolate)
        }
        #expect(bundle.gateSets.contains { $0.extrapolate } && bundle.gateSets.contains { $0.maxReuse != nil })
    }

    @Test func whatIsAskedForComesBeforeTheGateSet() throws {
        let name = try #require(try Self.demo.get().gateSets.first?.name)
        let thresholds = Thresholds(attn: 0.7, mlp: 0.2)
        let asked = try setting(
            .lazy(gates: name, thresholds: thresholds, maxReuse: .atMost(3), extrapolate: false), guidance: 1,
            of: Self.demo)
        #expect(asked.decider == .lazy(gates: name, thresholds: thresholds))
        #expect(asked.maxReuse == 3 && !asked.extrapolate && !asked.guided)
        #expect(try setting(.lazy(gates: name, maxReuse: .unlimited), of: Self.demo).maxReuse == nil)
    }

    /// A linear schedule from 0.0001 to 0.02 over 1000 timesteps, respaced as `[999, 666, 333, 0]`.
    @Test func policiesWithoutGatesTakeAnyStepCount() throws {
        let setting = try setting(.always, steps: 4)
        #expect(setting.timesteps == [999, 666, 333, 0])
        var product = 1.0
        let alphas = (0..<1000).map { step in
            product *= 1 - (0.0001 + (0.02 - 0.0001) * Double(step) / 999)
            return product
        }
        for (found, timestep) in zip(setting.alphasCumprod, setting.timesteps) {
            #expect(abs(found / alphas[timestep] - 1) < 1e-12)
        }
        #expect(try self.setting(.everyN(), steps: 1000).timesteps == (0..<1000).reversed())
        #expect(try self.setting(.everyN(3, maxReuse: .atMost(1), extrapolate: true)).extrapolate)
    }

    @Test func aScheduleIsTakenAsItIs() throws {
        let run = (0..<3).map { step in (0..<6).map { step == 0 || $0 == step } }
        let setting = try setting(.schedule(run))
        #expect(setting.steps == 3)
        #expect(setting.decider == .schedule(run.flatMap { $0 }))
        guard case .schedule(let own) = try self.setting(.schedule(), steps: 2).decider else {
            Issue.record("no schedule")
            return
        }
        #expect(own == [true, false, true, false, true, false, false, true, false, true, false, true])
    }

    @Test func aLazyRatioPicksTheRest() throws {
        let setting = try setting(.lazyRatio(0.3502))
        #expect(setting.decider == .lazy(gates: "7-reference", thresholds: Thresholds(0.36431878806241613)))
        #expect(try self.setting(.lazyRatio(0)).decider == .always)
        #expect(try self.setting(.lazyRatio(0), steps: 3).steps == 3)
        let demo = try self.setting(.lazyRatio(0.5413), steps: 10, of: Self.demo)
        #expect(demo.maxReuse == 2 && demo.extrapolate)
    }

    @Test(arguments: [-1, 10, Int.max])
    func labelsAreThoseOfTheModel(label: Int) throws {
        #expect(
            try refusal { try setting(label: label) } == "label \(label) is out of range: choose from 0 to 9")
    }

    @Test func noiseIsOfTheLatentsSize() throws {
        #expect(
            try refusal { try setting(noise: [1, 2]) }
                == "the noise has 2 numbers: give 1024, which are [4, 16, 16]")
        #expect(try setting(noise: [Float](repeating: 0, count: 1024)).steps == 7)
    }

    @Test(arguments: [Int.min, -1, 0, 1001, Int.max])
    func stepsAreWithinTheTrainingTimesteps(steps: Int) throws {
        let sentence = "\(steps) steps are not possible: choose from 1 to 1000"
        for policy in [Policy.always, .lazy(), .lazyRatio(0.3), .schedule()] {
            #expect(try refusal { try setting(policy, steps: steps) } == sentence)
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func guidanceIsANumber(guidance: Double) throws {
        #expect(
            try refusal { try setting(guidance: guidance) }
                == "the guidance is not a number to work with: choose 1 to 10")
    }

    @Test(arguments: [0, -1, Int.min])
    func everyNAndMaxReuseBeginWithOne(number: Int) throws {
        #expect(
            try refusal { try setting(.everyN(number)) }
                == "every-n with n = \(number) never runs a module: choose n from 1")
        for policy in [
            Policy.lazy(maxReuse: .atMost(number)), .everyN(maxReuse: .atMost(number)),
            .schedule(maxReuse: .atMost(number)),
        ] {
            #expect(
                try refusal { try setting(policy) }
                    == "max_reuse is \(number): choose a number of steps from 1, or no limit")
        }
    }

    /// The core's integers have 32 bits.
    @Test func numbersOfAnySizeReachTheCore() throws {
        let bundle = try Self.tiny.get()
        for policy in [Policy.everyN(Int.max), .everyN(maxReuse: .atMost(Int.max))] {
            #expect(try setting(policy).memory(in: bundle).total > 0)
        }
    }

    @Test(arguments: [
        Thresholds(attn: -0.1, mlp: 0.5), Thresholds(attn: 0.5, mlp: 1.1), Thresholds(attn: .nan, mlp: 0.5),
    ])
    func thresholdsAreShares(thresholds: Thresholds) throws {
        #expect(
            try refusal { try setting(.lazy(thresholds: thresholds)) }
                == "a threshold is not from 0 to 1: scores lie between these")
    }

    @Test func gateSetsThatAreNotThereAreRefused() throws {
        #expect(
            try refusal { try setting(.lazy(gates: "other")) }
                == "this bundle has no gate set other: choose from 7-reference")
        #expect(
            try refusal { try setting(.lazy(gates: "7-reference"), steps: 5) }
                == "gate set 7-reference is for 7 steps, not for 5: choose its step count or another gate set")
        #expect(
            try refusal { try setting(steps: 5) }
                == "this bundle has no gate set for 5 steps, only for 7: choose one of these or policy always")
        #expect(
            try refusal { try setting(steps: 5, of: Self.demo) }
                == "this bundle has no gate set for 5 steps, only for 10, 20: choose one of these or policy always")
    }

    @Test func schedulesOfAnotherShapeAreRefused() throws {
        let row = [Bool](repeating: true, count: 6)
        func sentence(_ steps: Int, _ modules: Int, _ wanted: Int) -> String {
            "the schedule is for \(steps) steps and \(modules) modules, not for \(wanted) and 6: give one made for this "
                + "step count and model"
        }
        #expect(try refusal { try setting(.schedule([row, row]), steps: 3) } == sentence(2, 6, 3))
        #expect(try refusal { try setting(.schedule([row, [true]])) } == sentence(2, 1, 2))
        #expect(try refusal { try setting(.schedule([]), steps: 3) } == sentence(0, 0, 3))
        #expect(
            try refusal { try setting(.schedule([])) } == "0 steps are not possible: choose from 1 to 1000")
    }

    @Test func extrapolatingNeedsTheProgram() throws {
        let bundle = try CopiedBundle()
        try bundle.changeManifest { manifest in
            manifest = manifest.replacingOccurrences(
                of: #""extrapolate": "extrapolate""#, with: #""extrapolate": null"#)
        }
        let opened = Result<ModelBundle, any Error> { try ModelBundle(directory: bundle.directory) }
        for policy in [Policy.lazy(extrapolate: true), .everyN(extrapolate: true), .schedule(extrapolate: true)] {
            #expect(
                try refusal { try setting(policy, of: opened) }
                    == "this bundle has no program to extrapolate with: export it again, or hold what is reused")
        }
        #expect(try setting(of: opened).steps == 7)
    }
}
