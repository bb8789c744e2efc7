/// A module at a step. Modules are counted as in the core: attention of block b is 2b, feedforward 2b + 1.
public struct Cell: Hashable, Sendable {
    public let step: Int
    public let module: Int

    public init(step: Int, module: Int) {
        self.step = step
        self.module = module
    }

    public var block: Int { module / 2 }
    public var kind: ModuleKind { module % 2 == 0 ? .attention : .feedforward }
}

public enum ModuleKind: Int, CaseIterable, Sendable {
    case attention
    case feedforward

    func module(ofBlock block: Int) -> Int {
        2 * block + rawValue
    }
}
