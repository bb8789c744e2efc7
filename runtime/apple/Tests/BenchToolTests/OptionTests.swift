import Testing

@testable import lazydit_bench_apple

@Suite struct OptionTests {
    private func parsed(_ arguments: String...) throws -> BenchOptions {
        var options = BenchOptions()
        #expect(try BenchOptions.commandLine.parse(arguments, into: &options) == nil)
        return options
    }

    private func sentence(_ arguments: String...) -> String {
        var options = BenchOptions()
        return sentence { _ = try BenchOptions.commandLine.parse(arguments, into: &options) }
    }

    private func sentence(_ work: () throws -> Void) -> String {
        do {
            try work()
            return "nothing was refused"
        } catch {
            return error.localizedDescription
        }
    }

    @Test func everyOptionIsTaken() throws {
        let options = try parsed(
            "--bundle", "tiny", "--executor", "native", "--library", "liblazydit_native.so", "--threads=2",
            "--weight-cache", "weights", "--steps", "4,7", "--policies", "lazy,schedule", "--rounds", "3", "--serve")
        #expect(options.bundleFolder.lastPathComponent == "tiny")
        #expect(options.executor == .native && options.library == "liblazydit_native.so")
        #expect(options.threads == 2 && options.weightCache == "weights")
        #expect(options.steps == [4, 7] && options.policies == [.lazy, .schedule] && options.rounds == 3)
        #expect(options.serve)
    }

    @Test func theBundleIsTheEnginesUnlessItIsGiven() throws {
        #expect(try parsed("--executor", "native").bundleFolder.lastPathComponent == "lazydit-android")
        #expect(try parsed("--executor", "coreml").bundleFolder.lastPathComponent == "lazydit-ios")
    }

    @Test func helpNamesEveryOption() throws {
        var options = BenchOptions()
        let help = try #require(try BenchOptions.commandLine.parse(["--serve", "--help"], into: &options))
        let usages = help.split(separator: "\n").filter { $0.hasPrefix("  --") }
        #expect(usages.count == BenchOptions.commandLine.options.count)
        #expect(usages.allSatisfy { $0.count <= 120 })
    }

    @Test func whatCannotBeMeantIsRefusedInASentence() {
        #expect(sentence("--what") == "there is no option --what: run lazydit-bench-apple --help")
        #expect(sentence("--rounds") == "--rounds has no value: give --rounds N")
        #expect(sentence("--serve=yes") == "--serve takes no value: give it alone")
        #expect(sentence("--rounds", "0") == "--rounds 0 is not a whole number from 1 to 100000: give one")
        #expect(sentence("--steps", "4,") == "--steps  is not a whole number from 1 to 1000000: give one")
        #expect(sentence("--executor", "gpu") == "there is no executor gpu: choose from coreml, native")
        #expect(
            sentence("--policies", "luck") == "there is no policy luck: choose from lazy, always, every-n, schedule")
    }

    @Test func optionsOfAnotherEngineAreRefused() throws {
        let units = try parsed("--executor", "native", "--compute-units", "all")
        #expect(
            sentence { _ = try units.factory() }
                == "--compute-units means nothing to the executor native: leave it out")
        let threads = try parsed("--executor", "coreml", "--threads", "2")
        #expect(
            sentence { _ = try threads.factory() } == "--threads means nothing to the executor coreml: leave it out")
        let native = try parsed("--executor", "native")
        #expect(sentence { _ = try native.factory() }.hasPrefix("the native executor needs --library"))
    }
}
