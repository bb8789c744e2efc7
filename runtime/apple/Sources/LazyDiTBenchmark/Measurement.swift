import LazyDiT

/// A case and its images, round by round.
public struct Timed: Sendable {
    public let `case`: BenchmarkCase
    public private(set) var images: [TimedImage]

    public init(_ case: BenchmarkCase, images: [TimedImage] = []) {
        self.case = `case`
        self.images = images
    }

    fileprivate mutating func add(_ image: TimedImage) {
        images.append(image)
    }
}

/// What is kept of an image; a trace is large.
public struct TimedImage: Sendable {
    public let timings: Timings
    public let lazyRatio: Double

    public init(timings: Timings, lazyRatio: Double) {
        self.timings = timings
        self.lazyRatio = lazyRatio
    }
}

/// Draws one image of every case in every round, in shuffled order, so that a slow spell falls on all of them; each case
/// has had one before. `onImage` is called after every image with the number of those done, `onRound` after a round.
///
/// Cancelling the task stops before the next program and throws `CancellationError`.
public func measure(
    _ lazydit: LazyDiT, _ cases: [BenchmarkCase], rounds: Int, isolation: isolated (any Actor)? = #isolation,
    onImage: (_ done: Int) -> Void = { _ in }, onRound: (_ round: Int) -> Void = { _ in }
) async throws -> [Timed] {
    var all = cases.map { Timed($0) }
    var done = 0
    for `case` in cases {
        _ = try await image(of: lazydit, `case`, label: 0, seed: 0)
        done += 1
        onImage(done)
    }
    for round in 0..<rounds {
        for index in all.indices.shuffled() {
            let label = round % lazydit.bundle.numClasses
            all[index].add(try await image(of: lazydit, all[index].case, label: label, seed: round))
            done += 1
            onImage(done)
        }
        onRound(round)
    }
    return all
}

private func image(of lazydit: LazyDiT, _ case: BenchmarkCase, label: Int, seed: Int) async throws -> TimedImage {
    let request = Request(label: label, seed: UInt64(seed), steps: `case`.steps, policy: `case`.policy)
    let result = try await lazydit.result(of: request)
    return TimedImage(timings: result.timings, lazyRatio: result.lazyRatio)
}
