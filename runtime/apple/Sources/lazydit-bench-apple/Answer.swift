import LazyDiT
import LazyDiTBenchmark

/// What is said to a question, a line of JSON; null for what there is none of.
enum Answer: Encodable {
    case ready
    /// No file had to be made.
    case prepared
    case loaded(ms: Double)
    /// The outputs were compared with PyTorch's when the bundle was exported.
    case checked
    case image(GenerationResult)
    case memory(peak: Int?)
    case failed(String)

    enum CodingKeys: String, CodingKey {
        case made, error, failed, runs
        case loadMs = "load_ms"
        case peakBytes = "peak_bytes"
        case imageMs = "image_ms"
        case stepMs = "step_ms"
        case lazyRatio = "lazy_ratio"
        case kindMs = "kind_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .ready: break
        case .prepared: try container.encodeNil(forKey: .made)
        case .loaded(let ms): try container.encode(ms, forKey: .loadMs)
        case .checked: try container.encodeNil(forKey: .error)
        case .memory(let peak): try container.encode(peak, forKey: .peakBytes)
        case .failed(let sentence): try container.encode(sentence, forKey: .failed)
        case .image(let result): try encode(result, in: &container)
        }
    }

    private func encode(_ result: GenerationResult, in container: inout KeyedEncodingContainer<CodingKeys>) throws {
        let timings = result.timings
        try container.encode(timings.totalMs, forKey: .imageMs)
        try container.encode(timings.stepMs, forKey: .stepMs)
        try container.encode(result.lazyRatio, forKey: .lazyRatio)
        let kinds = timings.byKind.map { ($0.key, $0.value) }
        try container.encode(Dictionary(uniqueKeysWithValues: kinds), forKey: .kindMs)
        try container.encode(result.trace.runs, forKey: .runs)
    }
}

extension Trace {
    /// How many modules ran, by kind, over all steps and samples.
    fileprivate var runs: [String: Int] {
        var runs = ["attn": 0, "mlp": 0]
        for modules in ran.joined() {
            for (index, ran) in modules.enumerated() where ran { runs[index.isMultiple(of: 2) ? "attn" : "mlp"]! += 1 }
        }
        return runs
    }
}
