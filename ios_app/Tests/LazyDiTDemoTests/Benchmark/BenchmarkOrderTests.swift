import Testing

@testable import LazyDiTDemo

@Suite struct BenchmarkOrderTests {
    private func order(
        steps: String = "10,20", policies: String = "always,every-n", rounds: String = "5", out: String = "a-1.json",
        more: [String] = []
    ) throws -> BenchmarkOrder? {
        let options = ["--steps", steps, "--policies", policies, "--rounds", rounds, "--out", out]
        return try BenchmarkOrder(arguments: ["--benchmark"] + options + more)
    }

    @Test func isReadFromTheArguments() throws {
        let order = try #require(try order(more: ["--bundle", "mine"]))
        #expect(order.plan == BenchmarkPlan(policies: [.always, .everyN], steps: [10, 20], rounds: 5))
        #expect(order.out == "a-1.json")
        #expect(order.bundle == "mine")
        #expect(try self.order()?.bundle == nil)
    }

    @Test(arguments: [[], ["-NSDocumentRevisionsDebugMode", "YES"]])
    func otherArgumentsOrderNothing(arguments: [String]) throws {
        #expect(try BenchmarkOrder(arguments: arguments) == nil)
        #expect(!BenchmarkOrder.isOrder(arguments))
    }

    @Test func whatCannotBeUnderstoodIsRefusedWithASentenceAndThePlaceToSayIt() {
        #expect(throws: refusal("--steps needs numbers from 1 with commas between them")) { try order(steps: "ten") }
        #expect(throws: refusal("--steps needs numbers from 1 with commas between them")) { try order(steps: "10,0") }
        #expect(throws: refusal("--steps needs numbers from 1 with commas between them")) { try order(steps: "") }
        #expect(throws: refusal("--rounds needs a number from 1")) { try order(rounds: "0") }
        #expect(throws: refusal("--policies needs some of lazy, always, every-n, schedule, with commas between them")) {
            try order(policies: "always,never")
        }
        #expect(
            throws: refusal("--turns is not known: an order has --steps, --policies, --rounds, --out and --bundle")
        ) {
            try order(more: ["--turns", "3"])
        }
    }

    @Test func anOrderThatIsRefusedIsOneAndSaysWhy() {
        #expect(BenchmarkOrder.isOrder(["--benchmark", "--turns"]))
        #expect(refusal("--rounds needs a number from 1").localizedDescription == "--rounds needs a number from 1")
    }

    private func refusal(_ sentence: String) -> BenchmarkOrderError {
        BenchmarkOrderError(sentence: sentence, out: "a-1.json")
    }

    @Test(arguments: ["../x.json", "a/b", ".hidden", "", "ä.json"])
    func anAnswerThatWouldLieElsewhereIsRefusedAndSaidNowhere(out: String) {
        #expect(
            throws: BenchmarkOrderError(
                sentence: "--out needs the name of a file, of letters, digits, dots, dashes and underscores", out: nil)
        ) {
            try order(out: out)
        }
    }
}
