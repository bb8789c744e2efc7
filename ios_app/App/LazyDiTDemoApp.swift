import LazyDiT
import LazyDiTCoreML
import LazyDiTDemo
import SwiftUI

/// Draws digits with a lazy Diffusion Transformer, or measures what a computer orders when it launches the app.
@main
struct LazyDiTDemoApp: App {
    private let generation: GenerationModel
    private let benchmark: BenchmarkModel
    private let isOrdered: Bool

    init() {
        let engine = Engine.app
        let benchmark = BenchmarkModel(engine: engine, facts: .current(system: "iOS")) { Device.condition }
        let arguments = Array(CommandLine.arguments.dropFirst())
        generation = GenerationModel(engine: engine, store: GenerationStore())
        self.benchmark = benchmark
        isOrdered = BenchmarkOrder.isOrder(arguments)
        // Not a task of a view, which would begin anew whenever that appears.
        Task { await benchmark.carryOut(arguments, documents: .documents, words: .app) }
    }

    var body: some Scene {
        WindowGroup {
            NavigationStack {
                if isOrdered {
                    BenchmarkScreen(model: benchmark)
                } else {
                    GenerationScreen(model: generation, benchmark: benchmark)
                }
            }
            .tint(Ink.primary.color)
        }
    }
}

extension Engine {
    /// Core ML, with the bundle that was built into the app or those that were copied into its documents.
    fileprivate static var app: Engine {
        Engine(
            bundles: Bundles(
                folder: .documents.appendingPathComponent("bundles"),
                shipped: Bundle.main.url(forResource: "demo-ios", withExtension: nil)),
            executor: .coreML(),
            freeMemory: { Device.freeMemory })
    }
}

extension URL {
    /// The folder of the app that Finder, Files and a computer's tools see.
    fileprivate static var documents: URL {
        FileManager.default.urls(for: .documentDirectory, in: .userDomainMask)[0]
    }
}
