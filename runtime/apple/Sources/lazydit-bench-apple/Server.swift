import Foundation
import LazyDiT

/// Answers benchmarks/latency.py as its worker.py does, about one bundle and engine. The first question is about the
/// engine, which the options have said already.
actor Server {
    private let factory: any ExecutorFactory
    private let folder: URL
    private var lazydit: LazyDiT?
    private var residentBefore: Int?
    private var isGreeted = false

    init(_ factory: any ExecutorFactory, bundle folder: URL) {
        self.factory = factory
        self.folder = folder
    }

    /// A line of JSON; what fails is answered with {"failed": sentence}.
    func answer(to question: String) async throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(await answer(question)), as: UTF8.self)
    }

    private func answer(_ line: String) async -> Answer {
        guard isGreeted else {
            isGreeted = true
            return .ready
        }
        do {
            return try await answer(JSONDecoder().decode(Question.self, from: Data(line.utf8)))
        } catch is DecodingError {
            return .failed("a question is not of this version: update lazydit on both sides")
        } catch {
            return .failed(error.localizedDescription)
        }
    }

    private func answer(_ question: Question) async throws -> Answer {
        switch question.do {
        case "prepare": .prepared
        case "check": .checked
        case "load": try await load(cold: question.cold ?? false)
        case "image": try await image(question)
        case "memory": memory()
        default: throw UseError("there is no question \(question.do): update lazydit on both sides")
        }
    }

    private func load(cold: Bool) async throws -> Answer {
        lazydit = nil
        if cold { dropFromPageCache(folder) }
        residentBefore = ProcessMemory.resident()
        let (loaded, ms) = try await timed {
            try await LazyDiT(bundle: folder, options: Options(executor: factory))
        }
        lazydit = loaded
        return .loaded(ms: ms)
    }

    private func image(_ question: Question) async throws -> Answer {
        guard let lazydit else { throw UseError("there is nothing loaded to draw with: ask to load first") }
        guard let wanted = question.case, let label = question.label, let seed = question.seed else {
            throw UseError("an image needs case, label and seed: update lazydit on both sides")
        }
        let request = Request(label: label, seed: seed, steps: wanted.steps, policy: try wanted.chosen())
        let result = try await lazydit.result(of: request)
        try await waitUntilIdle()
        return .image(result)
    }

    private func memory() -> Answer {
        guard let peak = ProcessMemory.peak(), let residentBefore else { return .memory(peak: nil) }
        return .memory(peak: peak - residentBefore)
    }
}
