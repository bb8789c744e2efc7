import LazyDiT

extension BenchOptions {
    /// The options of lazydit-bench, and those that choose the engine.
    static let commandLine = OptionParser<BenchOptions>(
        program: "lazydit-bench-apple",
        summary: """
            Times generations side by side through the Swift package, every case once a round in shuffled order, and prints
            JSON: the fields of a row are those of benchmarks/latency.py.
            """,
        example: "lazydit-bench-apple --bundle lazydit-ios --steps 10,20 --policies always,lazy --rounds 20",
        options: [
            .init(
                name: "bundle", value: "DIR",
                help: "what lazydit-export wrote; lazydit-ios for Core ML, else lazydit-android",
                take: { $0.bundle = $1 }),
            .init(
                name: "executor", value: "NAME", help: "coreml or native; \(EngineName.own.rawValue)",
                take: { $0.executor = try one(of: EngineName.allCases, $1, "executor") }),
            .init(
                name: "compute-units", value: "NAME",
                help: "of coreml: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine; all",
                take: { $0.computeUnits = $1 }),
            .init(name: "library", value: "FILE", help: "of native: liblazydit_native", take: { $0.library = $1 }),
            .init(
                name: "threads", value: "N", help: "of native; one per processor",
                take: { $0.threads = try wholeNumber($1, "threads", 1...1024) }),
            .init(
                name: "weight-cache", value: "DIR",
                help: "of native: folder for packed weights, which make the next load fast; none",
                take: { $0.weightCache = $1 }),
            .init(name: "steps", value: "N,N", help: "step counts; 10,20", take: { $0.steps = try counts($1) }),
            .init(
                name: "policies", value: "NAME,NAME",
                help: "always, lazy (every gate set of the step count), every-n, schedule; the first three",
                take: { $0.policies = try parts($1).map { try one(of: Policy.Kind.allCases, $0, "policy") } }),
            .init(
                name: "rounds", value: "N", help: "images per case; 20",
                take: { $0.rounds = try wholeNumber($1, "rounds", 1...100_000) }),
            .init(
                name: "serve", value: nil,
                help: "time what benchmarks/latency.py asks for on standard input instead",
                take: { options, _ in options.serve = true }),
        ])
}

/// The parts between commas.
private func parts(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
}

private func counts(_ text: String) throws -> [Int] {
    try parts(text).map { try wholeNumber($0, "steps", 1...1_000_000) }
}

private func wholeNumber(_ text: String, _ option: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
        throw UseError(
            "--\(option) \(text) is not a whole number from \(range.lowerBound) to \(range.upperBound): give one")
    }
    return number
}

private func one<Value: RawRepresentable<String>>(of known: [Value], _ text: String, _ what: String) throws -> Value {
    guard let value = Value(rawValue: text) else {
        throw UseError("there is no \(what) \(text): choose from \(known.map(\.rawValue).joined(separator: ", "))")
    }
    return value
}
