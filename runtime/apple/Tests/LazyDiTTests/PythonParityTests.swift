import Foundation
import LazyDiT
import LazyDiTTestSupport
import Testing

/// The same bundles and requests through Python's runtime, see `tests/runtime/write_reference.py`.
@Suite struct PythonParityTests {
    static let cases = ReferenceCase.all(in: Fixtures.reference).filter { $0.bundle.hasSuffix("-android") }

    @Test(arguments: Set(cases.map(\.bundle)).sorted())
    func decisionsAndImagesArePythons(bundle: String) async throws {
        let lazyDiT = try await Fixtures.open(bundle)
        let cases = Self.cases.filter { $0.bundle == bundle }
        #expect(cases.count > 5)
        let expected = try ReferenceCase.results(in: Fixtures.reference)
        for one in cases {
            let request = try one.request(in: Fixtures.reference)
            let result = try #require(try await lazyDiT.draw(request))
            let latent = try one.latent(in: Fixtures.reference)
            #expect(result.latent == latent, "\(one.name)")
            #expect((result.image != nil) == one.image)
            if let image = result.image { #expect(image.values == result.latent) }
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(result))
            #expect(differences(try #require(expected[one.name]), json, at: one.name) == [])
            try check(lazyDiT.memory(for: request), one)
        }
    }

    private func check(_ memory: Memory, _ one: ReferenceCase) {
        let found = [
            "total": memory.total, "cache": memory.cache, "modulation": memory.modulation,
            "activations": memory.activations, "gates": memory.gates, "trace": memory.trace,
        ]
        #expect(found == one.memory, "\(one.name)")
    }
}
