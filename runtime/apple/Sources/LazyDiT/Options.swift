/// How a bundle is opened.
public struct Options: Sendable {
    /// The engine that runs the bundle's programs, such as `.coreML()`.
    public var executor: any ExecutorFactory

    public init(executor: any ExecutorFactory) {
        self.executor = executor
    }
}
