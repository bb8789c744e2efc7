// Stands for Apple's framework Core ML where it is not: what this package uses of it, written by hand from Apple's public
// documentation. It shows that the package agrees with that documentation as we read it, and nothing more. Models are
// those of a ``StandInEngine`` that a test supplies.
@_exported import Foundation

/// Not declared `Sendable`, whatever Apple's is: the package must not rely on it.
public class MLModel: NSObject {
    private let function: any StandInFunction

    @available(macOS 13.0, iOS 16.0, *)
    public class func compileModel(at modelURL: URL) async throws -> URL {
        try await StandIn.required().compile(modelURL)
    }

    @available(macOS 12.0, iOS 15.0, *)
    public class func load(
        contentsOf url: URL, configuration: MLModelConfiguration = MLModelConfiguration()
    ) async throws -> MLModel {
        try MLModel(contentsOf: url, configuration: configuration)
    }

    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        function = try StandIn.required().load(url, configuration)
    }

    public var modelDescription: MLModelDescription { function.description }

    public func prediction(
        from input: any MLFeatureProvider, options: MLPredictionOptions
    ) throws -> any MLFeatureProvider {
        try function.predict(input, options)
    }
}

public class MLModelConfiguration: NSObject {
    public var computeUnits = MLComputeUnits.all
    @available(macOS 15.0, iOS 18.0, *)
    public var functionName: String? {
        get { function }
        set { function = newValue }
    }
    private var function: String?
}

public enum MLComputeUnits: Int, Sendable {
    case cpuOnly = 0
    case cpuAndGPU = 1
    case all = 2
    @available(macOS 13.0, iOS 16.0, *)
    case cpuAndNeuralEngine = 3
}

public class MLPredictionOptions: NSObject {
    @available(macOS 11.0, iOS 16.0, *)
    public var outputBackings: [String: Any] {
        get { backings }
        set { backings = newValue }
    }
    private var backings: [String: Any] = [:]
}
