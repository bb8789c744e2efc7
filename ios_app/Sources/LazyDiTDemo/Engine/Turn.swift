import Foundation

/// Lets one task at a time in, in the order in which they came.
@MainActor
final class Turn {
    private var taken = false
    private var waiting: [(id: UUID, continuation: CheckedContinuation<Void, any Error>)] = []

    /// Throws `CancellationError`, also while waiting, when the task is cancelled; else ``giveBack()`` has to follow.
    func take() async throws {
        try Task.checkCancellation()
        guard taken else {
            taken = true
            return
        }
        let id = UUID()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiting.append((id, $0)) }
        } onCancel: {
            Task { @MainActor in self.leave(id) }
        }
    }

    func giveBack() {
        if waiting.isEmpty {
            taken = false
        } else {
            waiting.removeFirst().continuation.resume()
        }
    }

    private func leave(_ id: UUID) {
        guard let place = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: place).continuation.resume(throwing: CancellationError())
    }
}
