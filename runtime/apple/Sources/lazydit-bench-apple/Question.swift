import LazyDiT

/// What benchmarks/latency.py asks, a line each: see benchmarks/protocol.py.
struct Question: Decodable {
    let `do`: String
    /// Of load: from the disk.
    let cold: Bool?
    /// Of image, with the two below.
    let `case`: Case?
    let label: Int?
    let seed: UInt64?

    struct Case: Decodable {
        let policy: String
        let steps: Int
        let gates: String?
        /// `[step][module]`: whether it runs.
        let schedule: [[Bool]]?
    }
}

extension Question.Case {
    /// The policy; throws ``UseError`` where there is none of that name or it has no gates.
    func chosen() throws -> Policy {
        if let gates, policy != Policy.Kind.lazy.rawValue {
            throw UseError("policy \(policy) has no gates such as \(gates): leave them out")
        }
        return switch Policy.Kind(rawValue: policy) {
        case .always: .always
        case .lazy: .lazy(gates: gates)
        case .everyN: .everyN()
        case .schedule: .schedule(schedule)
        case nil: throw UseError("there is no policy \(policy): update lazydit on both sides")
        }
    }
}
