/// Bytes that one generation allocates: `total`, and what it consists of. The engine's own memory comes on top.
public struct Memory: Sendable, Equatable {
    public let total: Int
    /// The modules' outputs.
    public let cache: Int
    /// Of all steps.
    public let modulation: Int
    public let activations: Int
    /// The policy's gates or schedule.
    public let gates: Int
    public let trace: Int
}
