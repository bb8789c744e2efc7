/// What `work` gives, and how long it took in milliseconds.
func timed<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
) async rethrows -> (Value, Double) {
    let began = ContinuousClock.now
    let value = try await work()
    return (value, (ContinuousClock.now - began) / .milliseconds(1))
}
