/// What a generation gives: a ``progress(_:)`` per step, then one ``done(_:)``.
public enum Step: Sendable {
    case progress(Progress)
    /// The image is there; nothing follows.
    case done(GenerationResult)

    /// A step has ended.
    public struct Progress: Sendable, Equatable {
        /// Which one, from 0 to ``steps`` - 1.
        public let step: Int
        public let steps: Int
        /// Modules reached in this step, over all samples.
        public let reached: Int
        /// Of them reused.
        public let reused: Int
        /// Wall time of the step in milliseconds.
        public let stepMs: Double
    }
}
