import Foundation
import LazyDiT

/// What a computer asks for when it launches the app (`benchmarks/latency.py --device ios`):
/// `--benchmark --steps 10,20 --policies always,lazy --rounds 5 --out NAME.json`, and `--bundle NAME` if wished.
public struct BenchmarkOrder: Equatable, Sendable {
    public let plan: BenchmarkPlan
    public let bundle: String?
    /// Name of the file to leave in the documents' folder `benchmarks`.
    public let out: String

    /// Whether `arguments`, without the program's name, order anything, be it possible or not.
    public static func isOrder(_ arguments: [String]) -> Bool {
        arguments.first == "--benchmark"
    }

    /// Nil where `arguments`, without the program's name, order nothing.
    ///
    /// Throws ``BenchmarkOrderError`` for an order that cannot be carried out.
    public init?(arguments: [String]) throws {
        guard Self.isOrder(arguments) else { return nil }
        let options = try Self.options(arguments.dropFirst())
        func refused(_ sentence: String) -> BenchmarkOrderError {
            BenchmarkOrderError(sentence: sentence, out: options["--out"].flatMap(Self.fileName))
        }
        guard let out = options["--out"].flatMap(Self.fileName) else {
            throw refused("--out needs the name of a file, of letters, digits, dots, dashes and underscores")
        }
        guard let rounds = options["--rounds"].flatMap(Int.init), rounds > 0 else {
            throw refused("--rounds needs a number from 1")
        }
        let steps = Self.list(options["--steps"]).map { Int($0) ?? 0 }
        if steps.isEmpty || steps.contains(where: { $0 <= 0 }) {
            throw refused("--steps needs numbers from 1 with commas between them")
        }
        let policies = Self.list(options["--policies"]).map(Policy.Kind.init(rawValue:))
        if policies.isEmpty || policies.contains(nil) {
            let known = Policy.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw refused("--policies needs some of \(known), with commas between them")
        }
        plan = BenchmarkPlan(policies: policies.compactMap { $0 }, steps: steps, rounds: rounds)
        bundle = options["--bundle"]
        self.out = out
    }

    private static func options(_ arguments: ArraySlice<String>) throws -> [String: String] {
        var options: [String: String] = [:]
        var left = arguments
        while let name = left.popFirst() {
            guard ["--steps", "--policies", "--rounds", "--out", "--bundle"].contains(name) else {
                throw BenchmarkOrderError(
                    sentence: "\(name) is not known: an order has --steps, --policies, --rounds, --out and --bundle",
                    out: options["--out"].flatMap(fileName))
            }
            options[name] = left.popFirst() ?? ""
        }
        return options
    }

    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map(String.init)
    }

    /// Nil for what could lie elsewhere, or be hidden.
    private static func fileName(_ text: String) -> String? {
        let allowed = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
        return allowed && !text.isEmpty && !text.hasPrefix(".") ? text : nil
    }
}

/// Why an order cannot be carried out.
public struct BenchmarkOrderError: LocalizedError, Equatable {
    public let sentence: String
    /// Where to say so, if the order tells.
    public let out: String?

    public var errorDescription: String? { sentence }
}
