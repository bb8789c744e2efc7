import LazyDiT

extension Timings {
    /// The times by kind of program and of the scheduler, under the names of benchmarks/latency.py.
    public var byKind: KeyValuePairs<String, Double> {
        [
            "condition": conditionMs, "embed": embedMs, "attn": attnMs, "mlp": mlpMs, "block": blockMs,
            "reuse": reuseMs, "final": finalMs, "decode": decodeMs, "scheduler": schedulerMs,
        ]
    }
}
