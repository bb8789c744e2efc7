import Foundation

/// Keeps the last choice, and the speed of this device by model so that it is measured once.
@MainActor
public final class GenerationStore {
    private let defaults: UserDefaults

    public init(_ defaults: UserDefaults = .standard) {
        self.defaults = defaults
    }

    var choice: Choice? {
        get { read("choice") }
        set { write(newValue, "choice") }
    }

    func speed(of facts: BundleFacts) -> Speed? {
        read(speedKey(facts))
    }

    func keep(_ speed: Speed, of facts: BundleFacts) {
        write(speed, speedKey(facts))
    }

    private func speedKey(_ facts: BundleFacts) -> String {
        "speed.\(facts.checkpoint)"
    }

    /// Nil also for what another version of the app has left.
    private func read<Value: Decodable>(_ key: String) -> Value? {
        defaults.data(forKey: key).flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }

    private func write<Value: Encodable>(_ value: Value, _ key: String) {
        defaults.set(try? JSONEncoder().encode(value), forKey: key)
    }
}
