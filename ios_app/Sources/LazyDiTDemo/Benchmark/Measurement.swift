import LazyDiT

/// A case and its images, round by round.
struct Timed: Sendable {
    let `case`: BenchmarkCase
    var images: [TimedImage] = []
}

/// What is kept of an image; a trace is large.
struct TimedImage: Sendable {
    let timings: Timings
    let lazyRatio: Double
}

/// Draws one image of every case in every round, in shuffled order, so that a slow spell falls on all of them; each case
/// has had one before. `onImage` is called after every image with the number of those done, `onRound` after a round.
@MainActor
func measure(
    _ lazydit: LazyDiT, _ cases: [BenchmarkCase], rounds: Int, onImage: (_ done: Int) -> Void,
    onRound: (_ round: Int) -> Void
) async throws -> [Timed] {
    var all = cases.map { Timed(case: $0) }
    var done = 0
    func image(_ case: BenchmarkCase, label: Int, seed: Int) async throws -> TimedImage {
        let request = Request(label: label, seed: UInt64(seed), steps: `case`.steps, policy: `case`.policy)
        let result = try await lazydit.draw(request)
        done += 1
        onImage(done)
        return TimedImage(timings: result.timings, lazyRatio: result.lazyRatio)
    }
    for `case` in cases { _ = try await image(`case`, label: 0, seed: 0) }
    for round in 0..<rounds {
        for index in all.indices.shuffled() {
            let drawn = try await image(all[index].case, label: round % lazydit.bundle.numClasses, seed: round)
            all[index].images.append(drawn)
        }
        onRound(round)
    }
    return all
}
