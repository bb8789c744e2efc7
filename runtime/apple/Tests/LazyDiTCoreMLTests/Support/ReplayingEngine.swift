import CoreML
import Foundation
import LazyDiTTestSupport

/// Core ML's part: it checks what it is given, and hands out what the evaluator computed for the same inputs.
final class ReplayingEngine: StandInEngine, Sendable {
    enum Outputs: Sendable {
        /// As asked.
        case inBackings
        /// Every row followed by room that belongs to nobody.
        case inPaddedArrays
        case ofOtherType
        case ofOtherShape
        case missing
    }

    /// What a test wants to happen.
    struct Wishes: Sendable {
        var outputs = Outputs.inBackings
        /// Called before a package is compiled, and before a program is loaded or run.
        var compiling: @Sendable () async throws -> Void = {}
        var loading: @Sendable (_ program: String) throws -> Void = { _ in }
        var running: @Sendable (_ program: String) throws -> Void = { _ in }
        /// What a function says of itself.
        var described: @Sendable (Recording.Function) -> Recording.Function = { $0 }
    }

    struct Failure: LocalizedError {
        let errorDescription: String?

        init(_ reason: String) {
            errorDescription = reason
        }
    }

    private struct Counts {
        var compiled = 0
        var loads: [String: Int] = [:]
        var inMemory: [String: Int] = [:]
        var units: [String: MLComputeUnits] = [:]
        var replayed: Set<Recording.Call> = []
    }

    let recording: Recording
    let wishes: Wishes
    private let bundle: URL
    private let folder: URL
    private let counts = Locked(Counts())

    init(_ recording: Recording, of bundle: URL, in folder: URL, _ wishes: Wishes) {
        self.recording = recording
        self.bundle = bundle
        self.folder = folder
        self.wishes = wishes
    }

    var compiled: Int { counts.withLock { $0.compiled } }
    var replayed: Set<Recording.Call> { counts.withLock { $0.replayed } }
    func loads(_ program: String) -> Int { counts.withLock { $0.loads[program] ?? 0 } }
    func isLoaded(_ program: String) -> Bool { counts.withLock { ($0.inMemory[program] ?? 0) > 0 } }
    func computeUnits(_ program: String) -> MLComputeUnits? { counts.withLock { $0.units[program] } }

    /// The compiled model is a folder that names the package.
    func compile(_ package: URL) async throws -> URL {
        let names = recording.functions.map(\.package)
        guard let name = names.first(where: { bundle.appendingPathComponent($0).path == package.path }) else {
            throw Failure("there is no package at \(package.path)")
        }
        counts.withLock { $0.compiled += 1 }
        try await wishes.compiling()
        let compiled = folder.appendingPathComponent("\(UUID().uuidString).mlmodelc")
        try FileManager.default.createDirectory(at: compiled, withIntermediateDirectories: true)
        try Data(name.utf8).write(to: compiled.appendingPathComponent("model.mil"))
        return compiled
    }

    func load(_ compiled: URL, _ configuration: MLModelConfiguration) throws -> any StandInFunction {
        let package = try String(contentsOf: compiled.appendingPathComponent("model.mil"), encoding: .utf8)
        let functions = recording.functions.filter { $0.package == package }
        guard !functions.isEmpty else { throw Failure("the model is\ndamaged") }
        guard let function = functions.first(where: { $0.function == configuration.functionName }) else {
            throw Failure("\(package) has no function \(configuration.functionName ?? "without a name")")
        }
        try wishes.loading(function.name)
        counts.withLock { counts in
            counts.loads[function.name, default: 0] += 1
            counts.inMemory[function.name, default: 0] += 1
            counts.units[function.name] = configuration.computeUnits
        }
        return ReplayingFunction(function, self)
    }

    func note(_ call: Recording.Call) {
        counts.withLock { _ = $0.replayed.insert(call) }
    }

    func forget(_ program: String) {
        counts.withLock { $0.inMemory[program, default: 0] -= 1 }
    }
}
