import Foundation
import Testing

@testable import LazyDiT

@Suite struct LazyRatioTests {
    /// Points of two gate sets, with and without a limit, see `tests/runtime/apple/write_refusals.py`.
    @Test func wishesBecomeWhatTheyBecomeInPython() throws {
        let refusals = try Refusals.written()
        let manifest = try ManifestReader.manifest(in: Data(refusals.manifest.utf8), source: "manifest.json")
        #expect(refusals.wishes.contains { $0.sentence != nil })
        #expect(Set(refusals.wishes.map(\.gates)).count == 3)
        for wish in refusals.wishes {
            guard wish.sentence == nil else {
                #expect(throws: LazyDiTError.invalidRequest(wish.sentence!)) {
                    try manifest.policy(lazyRatio: wish.ratio, steps: wish.steps)
                }
                continue
            }
            check(try manifest.policy(lazyRatio: wish.ratio, steps: wish.steps), wish)
        }
    }

    private func check(_ policy: Policy, _ wish: Refusals.Wish) {
        guard let expected = wish.thresholds else {
            #expect(policy == .always, "\(wish.ratio)")
            return
        }
        guard case .lazy(let gates, let thresholds?, let maxReuse, nil) = policy else {
            Issue.record("\(wish.ratio): \(policy)")
            return
        }
        #expect(gates == wish.gates)
        #expect(maxReuse == wish.maxReuse.map(MaxReuse.atMost) ?? .unlimited)
        // Both compute with the C library's exp and log, of which there may be two.
        #expect(abs(thresholds.attn - expected[0]) < 1e-12 && abs(thresholds.mlp - expected[1]) < 1e-12)
    }

    @Test func aWishThatIsNoNumberIsRefused() throws {
        let bundle = try ModelBundle(directory: Fixtures.bundles.appendingPathComponent("tiny-android"))
        #expect(
            throws: LazyDiTError.invalidRequest(
                "a lazy ratio of nan is out of reach at 7 steps: choose from 0 to 0.7996")
        ) { try bundle.manifest.policy(lazyRatio: .nan, steps: 7) }
    }
}
