import Foundation
import LazyDiTNative
import Testing

@testable import lazydit_bench_apple

/// The conversation that benchmarks/protocol.py describes, with the small bundle that make leaves.
@Suite struct ServerTests {
    private static let build = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
        url.deletingLastPathComponent()
    }.appendingPathComponent("build")
    private let server = Server(
        .native(library: build.appendingPathComponent("tools/runtime/native/liblazydit_native.so"), threads: 1),
        bundle: build.appendingPathComponent("android/tiny-android"))

    private func ask(_ question: String) async throws -> [String: Any] {
        let answer = try await server.answer(to: question)
        #expect(!answer.contains("\n"))
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
    }

    private func image(_ wanted: String) async throws -> [String: Any] {
        try await ask(#"{"do": "image", "case": {"steps": 7, "ratio": null, \#(wanted)}, "label": 1, "seed": 5}"#)
    }

    @Test func anEngineIsLoadedDrawsAndTellsItsMemory() async throws {
        #expect(try await ask(#"{"kind": "bundle"}"#).isEmpty)
        #expect(try await ask(#"{"do": "prepare", "folder": "kept"}"#)["made"] is NSNull)
        let load = try #require(try await ask(#"{"do": "load", "cold": true}"#)["load_ms"] as? Double)
        #expect(load > 0)
        #expect(try await ask(#"{"do": "check"}"#)["error"] is NSNull)
        let drawn = try await image(#""policy": "every-n", "gates": null"#)
        #expect(drawn["lazy_ratio"] as? Double == 3.0 / 7)
        #expect((drawn["step_ms"] as? [Double])?.count == 7)
        let kinds = try #require(drawn["kind_ms"] as? [String: Double])
        #expect(
            kinds.keys.sorted()
                == ["attn", "block", "condition", "decode", "embed", "final", "mlp", "reuse", "scheduler"])
        let total = try #require(drawn["image_ms"] as? Double)
        #expect(abs(kinds.values.reduce(0, +) - total) < 0.02 * total)
        let peak = try #require(try await ask(#"{"do": "memory"}"#)["peak_bytes"] as? Int)
        #expect(peak >= 0)
    }

    @Test func aScheduleIsDrawnAsItIsGiven() async throws {
        _ = try await ask("{}")
        _ = try await ask(#"{"do": "load", "cold": false}"#)
        let row = "[true, false, true, true, true, true]"
        let rows = Array(repeating: row, count: 7).joined(separator: ", ")
        let drawn = try await image(#""policy": "schedule", "gates": null, "schedule": [\#(rows)]"#)
        let ratio = try #require(drawn["lazy_ratio"] as? Double)
        #expect(abs(ratio - 6.0 / 42) < 1e-12)
        // Of 7 steps and 2 samples; the first step runs everything.
        #expect(drawn["runs"] as? [String: Int] == ["attn": 42, "mlp": 30])
    }

    @Test(arguments: [
        (#"{"do": "image", "case": {"policy": "always", "steps": 7}, "label": 1, "seed": 5}"#, "nothing loaded"),
        (#"{"do": "dance"}"#, "there is no question dance"), ("no JSON", "not of this version"),
        (#"{"cold": true}"#, "not of this version"),
    ])
    func whatCannotBeAnsweredIsSaid(question: String, part: String) async throws {
        _ = try await ask("{}")
        let sentence = try #require(try await ask(question)["failed"] as? String)
        #expect(sentence.contains(part))
    }

    @Test func aRequestThatTheBundleCannotMeetIsSaidAndTheNextIsAnswered() async throws {
        _ = try await ask("{}")
        _ = try await ask(#"{"do": "load", "cold": false}"#)
        let refused = try #require(try await image(#""policy": "lazy", "gates": "none""#)["failed"] as? String)
        #expect(refused.contains("none"))
        let mixed = try #require(try await image(#""policy": "always", "gates": "7""#)["failed"] as? String)
        #expect(mixed == "policy always has no gates such as 7: leave them out")
        #expect(try await image(#""policy": "always", "gates": null"#)["lazy_ratio"] as? Double == 0)
    }
}
