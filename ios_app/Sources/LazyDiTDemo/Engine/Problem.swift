import Foundation
import LazyDiT

/// What keeps the app from working, so that a screen can say it in plain words.
public enum Problem: Equatable, Sendable {
    case noBundle
    case badBundle(sentence: String)
    case notEnoughMemory(neededBytes: Int, freeBytes: Int)
    case lowBattery(percent: Int)
    case lowPowerMode
    case generationFailed(sentence: String)
}

struct ProblemError: Error {
    let problem: Problem

    init(_ problem: Problem) {
        self.problem = problem
    }
}

extension Problem {
    /// What `failure` of a generation comes to.
    init(_ failure: any Error) {
        self = (failure as? ProblemError)?.problem ?? .generationFailed(sentence: sentence(of: failure))
    }
}

/// What an error says of itself.
func sentence(of failure: any Error) -> String {
    (failure as? LazyDiTError)?.sentence ?? failure.localizedDescription
}
