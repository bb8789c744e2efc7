import Foundation
import LazyDiT
import LazyDiTBenchmark
import Testing

@Suite struct BenchmarkRowTests {
    private func timings(total: Double, steps: [Double]) throws -> Timings {
        let kinds = ["condition", "embed", "attn", "mlp", "block", "reuse", "final", "decode", "scheduler"]
        var json: [String: Any] = ["total_ms": total, "step_ms": steps]
        for kind in kinds { json["\(kind)_ms"] = total / 10 }
        return try JSONDecoder().decode(Timings.self, from: try JSONSerialization.data(withJSONObject: json))
    }

    private func encoded(_ images: [TimedImage]) throws -> [String: Any] {
        let rows = BenchmarkRow.rows([Timed(.always(3), images: images)], engine: "native", precision: "fp32")
        let data = try JSONEncoder().encode(rows)
        let parsed = try JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        return try #require(parsed?.first)
    }

    @Test func aRowHoldsMediansOfItsImages() throws {
        let images = try [40.0, 60, 50].map { try timings(total: $0, steps: [$0 / 2, $0 / 4, $0 / 5]) }
        let row = try encoded(images.map { TimedImage(timings: $0, lazyRatio: 0.25) })
        #expect(row["policy"] as? String == "always" && row["steps"] as? Int == 3)
        #expect(row["image_ms"] as? Double == 50 && row["first_step_ms"] as? Double == 25)
        #expect(row["step_ms"] as? Double == 11)
        #expect(row["attn_ms"] as? Double == 5 && row["scheduler_share"] as? Double == 0.1)
        #expect(row["images"] as? [Double] == [40, 60, 50])
        #expect(row["ddim_steps"] is NSNull && row["threads"] is NSNull)
    }

    @Test func imagesOfOneStepHaveNoSteadyStep() throws {
        let row = try encoded([TimedImage(timings: try timings(total: 8, steps: [8]), lazyRatio: 0)])
        #expect(row["step_ms"] is NSNull && row["step_ms_p90"] is NSNull && row["step_ms_deviation"] is NSNull)
    }
}
