import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

extension CoreMLTests {
    /// Whole generations: what the executor does with inputs and outputs.
    @Suite struct ReplayTests {
        static let bundles = ["tiny-fp32-ios18", "tiny-fp32-ios17", "tiny-fp16-ios18", "tiny-fp16-ios17"]

        @Test(arguments: bundles, [ReplayingEngine.Outputs.inBackings, .inPaddedArrays])
        func generationsAreTheEvaluators(bundle: String, outputs: ReplayingEngine.Outputs) async throws {
            let replay = try Replay(bundle)
            let engine = replay.use(.init(outputs: outputs))
            let lazyDiT = try await replay.open()
            let expected = try ReferenceCase.results(in: replay.recorded)
            #expect(replay.cases.count > 5)
            for one in replay.cases {
                let result = try #require(try await lazyDiT.draw(one.request(in: replay.recorded)))
                let latent = try one.latent(in: replay.recorded)
                #expect(result.latent == latent, "\(one.name)")
                let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(result))
                #expect(differences(try #require(expected[one.name]), json, at: one.name) == [])
            }
            #expect(engine.replayed == Set(replay.recording.calls))
        }

        @Test func generationsSideBySideAreTheEvaluatorsToo() async throws {
            let replay = try Replay()
            replay.use(.init(outputs: .inPaddedArrays))
            let lazyDiT = try await replay.open()
            try await withThrowingTaskGroup(of: (ReferenceCase, [Float]?).self) { group in
                for one in replay.cases {
                    group.addTask { (one, try await lazyDiT.draw(one.request(in: replay.recorded))?.latent) }
                }
                for try await (one, latent) in group {
                    let expected = try one.latent(in: replay.recorded)
                    #expect(latent == expected, "\(one.name)")
                }
            }
        }

        @Test func picturesAreOpaqueAndInTheColoursOfAScreen() throws {
            let pixels = Pixels(channels: 1, height: 1, width: 2, values: [-1, 1])
            let image = try #require(pixels.cgImage())
            #expect(image.width == 2 && image.height == 1 && image.bytesPerRow == 8)
            #expect(image.dataProvider?.data.map { Array($0 as Data) } == pixels.rgba)
        }
    }
}
