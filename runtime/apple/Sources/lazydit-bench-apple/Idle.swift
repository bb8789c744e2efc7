import Foundation

/// Waits, a second at most, until this process rests: an engine's threads spin for a while after work, and the next engine is
/// not to pay for that.
func waitUntilIdle() async throws {
    let quiet = Duration.milliseconds(10)
    let end = ContinuousClock.now + .seconds(1)
    while ContinuousClock.now < end {
        let before = processorTime()
        try await Task.sleep(for: quiet)
        if processorTime() - before < quiet / 5 { return }
    }
}

/// Of all threads.
private func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
