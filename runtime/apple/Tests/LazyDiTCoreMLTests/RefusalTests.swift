import CoreML
import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

@testable import LazyDiTCoreML

extension CoreMLTests {
    /// What is wrong is one sentence.
    @Suite struct RefusalTests {
        private let replay: Replay

        init() throws {
            replay = try Replay()
        }

        private func draw(_ wishes: ReplayingEngine.Wishes) async throws {
            replay.use(wishes)
            _ = try await replay.open().draw(replay.cases[0].request(in: replay.recorded))
        }

        @Test(arguments: [
            (ReplayingEngine.Outputs.ofOtherType, "modulation has not type float32"),
            (.ofOtherShape, "modulation has shape [3, 3, 384, 1]"),
            (.missing, "it gave no modulation"),
        ])
        func wrongOutputs(outputs: ReplayingEngine.Outputs, reason: String) async {
            let sentence = await sentence { try await draw(.init(outputs: outputs)) }
            #expect(sentence == "Core ML failed in program condition (\(reason)): export the bundle again")
        }

        @Test func whatCoreMLThrowsNamesTheProgram() async {
            let sentence = await sentence {
                try await draw(
                    .init(running: { if $0 == "embed" { throw ReplayingEngine.Failure("E5RT\nencountered") } }))
            }
            #expect(sentence == "Core ML failed in program embed (E5RT encountered): export the bundle again")
        }

        @Test func callsThatWereNotRecorded() async throws {
            replay.use()
            let lazyDiT = try await replay.open()
            var request = try replay.cases[0].request(in: replay.recorded)
            request.seed -= 1
            let sentence = await sentence { _ = try await lazyDiT.draw(request) }
            #expect(
                sentence == "Core ML failed in program embed (a call that was not recorded): export the bundle again")
        }

        typealias Change = @Sendable (inout Recording.Function) -> Void

        private static let changes: [Change] = [
            { $0.inputs[0].name = "image" },
            { $0.inputs[0].type = MLMultiArrayDataType.float16.rawValue },
            { $0.inputs[0].shape = [1, 4, 16, 8] },
            { $0.inputs[0].shape = [4, 16, 16] },
            { $0.inputs.append($0.outputs[0]) },
            { $0.outputs[1].name = "normed" },
            { $0.outputs[1].type = MLMultiArrayDataType.double.rawValue },
            { $0.outputs[1].shape = [1, 64, 32] },
            { $0.outputs.removeLast() },
        ]

        @Test(arguments: changes)
        func signaturesThatAreNotTheManifests(change: @escaping Change) async {
            replay.use(
                .init(described: { function in
                    var changed = function
                    if function.name == "embed" { change(&changed) }
                    return changed
                }))
            let sentence = await sentence { _ = try await replay.factory.open(replay.bundle) { _, _ in } }
            #expect(
                sentence
                    == "function embed of programs.mlpackage has not the signature that the manifest gives program embed: "
                    + "export the bundle again")
        }

        @Test(arguments: [
            ("tiny-fp32-ios18", "programs.mlpackage", "block_00", "iOS 18 or macOS 15"),
            ("tiny-fp32-ios17", "programs/block_00_attn.mlpackage", "main", "iOS 17 or macOS 14"),
        ])
        func packagesThatTheSystemDoesNotTake(
            name: String, package: String, function: String, system: String
        ) async throws {
            let replay = try Replay(name)
            replay.use(.init(compiling: { throw ReplayingEngine.Failure("unsupported version") }))
            var said = await sentence { _ = try await replay.factory.open(replay.bundle) { _, _ in } }
            #expect(
                said
                    == "Core ML cannot compile \(package), which is for \(system) (unsupported version): export the bundle "
                    + "again, or with --minimum-ios for this system")
            replay.use(.init(loading: { _ in throw ReplayingEngine.Failure("unsupported version") }))
            said = await sentence { _ = try await replay.factory.open(replay.bundle) { _, _ in } }
            #expect(
                said
                    == "Core ML cannot load function \(function) of \(package), which is for \(system) (unsupported "
                    + "version): export the bundle again, or with --minimum-ios for this system")
        }

        @Test func systemsThatAreTooOld() async throws {
            let sentence = await sentence { _ = try replay.bundle.packages(systemKnowsFunctions: false) }
            #expect(
                sentence
                    == "this bundle needs iOS 18 or macOS 15: run lazydit-export --target ios --minimum-ios 17")
            let older = try Replay("tiny-fp32-ios17").bundle
            #expect(try older.packages(systemKnowsFunctions: false).count == older.programs.count)
        }

        @Test(arguments: [7, 10])
        func specificationsThatAreNotKnown(version: Int) async throws {
            let copy = replay.folder.appendingPathComponent("bundle")
            try FileManager.default.copyItem(at: replay.bundle.directory, to: copy)
            let manifest = copy.appendingPathComponent("manifest.json")
            let text = try String(contentsOf: manifest, encoding: .utf8)
            let changed = text.replacingOccurrences(
                of: #""coreml_specification": 9"#, with: #""coreml_specification": \#(version)"#)
            try changed.write(to: manifest, atomically: true, encoding: .utf8)
            let engine = replay.use()
            let sentence = await sentence {
                _ = try await replay.factory.open(ModelBundle(directory: copy)) { _, _ in }
            }
            #expect(
                sentence
                    == "this bundle has coreml_specification \(version), this runtime knows 8 and 9: update lazydit, or "
                    + "export the bundle again")
            #expect(engine.compiled == 0)
        }

        @Test func bundlesOfOtherEngines() async throws {
            replay.use()
            let android = try ModelBundle(directory: Replay.build.appendingPathComponent("android/tiny-android"))
            let sentence = await sentence { _ = try await replay.factory.open(android) { _, _ in } }
            #expect(
                sentence
                    == "this bundle is for target android and holds no Core ML programs: run lazydit-export --target ios"
            )
        }

        @Test func foldersThatCannotBeWritten() async throws {
            replay.use()
            try Data().write(to: replay.cache)
            let sentence = await sentence { _ = try await replay.factory.open(replay.bundle) { _, _ in } }
            #expect(sentence.hasPrefix("\(replay.cache.path), the folder for compiled models, cannot be written ("))
            #expect(sentence.hasSuffix("): free space, or give another folder"))
            let left = try FileManager.default.contentsOfDirectory(atPath: replay.folder.path)
            #expect(left == ["cache"])
        }
    }
}
