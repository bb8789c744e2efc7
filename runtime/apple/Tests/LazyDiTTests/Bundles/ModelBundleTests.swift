import Foundation
import Testing

@testable import LazyDiT

@Suite struct ModelBundleTests {
    private func open(_ name: String) throws -> ModelBundle {
        try ModelBundle(directory: Fixtures.bundles.appendingPathComponent(name))
    }

    @Test(arguments: ["demo-android", "demo-onnx", "tiny-android", "tiny-onnx"])
    func soundBundlesOpen(name: String) throws {
        let bundle = try open(name)
        #expect(name.hasSuffix(bundle.target))
        #expect(bundle.programs.map(\.name) == bundle.programs.map(\.name).sorted())
        #expect(bundle.modules.count == 2 * bundle.manifest.model.depth)
        #expect(bundle.sha256[bundle.programs[0].file]?.count == 64)
        for set in bundle.gateSets {
            let weights = try #require(bundle.gates[set.name])
            #expect(weights.count == set.steps * bundle.modules.count * bundle.manifest.model.width)
            #expect(weights.contains { $0 != 0 })
        }
    }

    @Test func factsAreThoseOfTheManifest() throws {
        let bundle = try open("tiny-android")
        #expect(bundle.numClasses == 10)
        #expect(bundle.latentShape == [4, 16, 16])
        #expect(bundle.imageShape == [4, 16, 16])
        #expect(bundle.conditionMaxSteps == 64)
        #expect(bundle.defaultSteps == 7)
        #expect(bundle.defaultGuidance == 3)
        #expect(bundle.modules.prefix(3) == ["block_00_attn", "block_00_mlp", "block_01_attn"])
        #expect(
            bundle.gateSets == [
                GateSet(
                    name: "7-reference", steps: 7, thresholds: Thresholds(0.5), maxReuse: nil, extrapolate: false)
            ])
        #expect(bundle.lazyRatios[7]?.first == 0.0377)
        #expect(bundle.reusePrograms == ["reuse", "extrapolate"])
        #expect(bundle.layerNormEpsilon == 1e-6)
        let condition = try #require(bundle.programs.first { $0.name == "condition" })
        #expect(condition.file == "condition.pte")
        #expect(condition.inputs.map(\.shape) == [[1], [nil]])
        #expect(condition.inputs.map(\.dtype) == [.int64, .float32])
        #expect(condition.outputs.map(\.shape) == [[nil, 3, 384], [nil, 128]])
    }

    @Test func formatsAreThoseOfTheEngine() throws {
        #expect(try open("tiny-onnx").formats.keys.contains("onnx_opset"))
    }

    @Test func aMissingBundleSaysWhatToDo() throws {
        let nowhere = Fixtures.bundles.appendingPathComponent("nowhere")
        #expect(
            throws: LazyDiTError.invalidBundle(
                "there is no bundle at \(nowhere.path) (no manifest.json): run lazydit-export --target ios first, or give "
                    + "the folder that it wrote")
        ) { try ModelBundle(directory: nowhere) }
    }

    @Test func aLinkToABundleOpens() throws {
        let bundle = try CopiedBundle()
        let link = bundle.outside("link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: bundle.directory)
        #expect(try ModelBundle(directory: link).name == "dit_7")
    }
}
