import Foundation

public class MLModelDescription: NSObject {
    public let inputDescriptionsByName: [String: MLFeatureDescription]
    public let outputDescriptionsByName: [String: MLFeatureDescription]

    /// Not of Core ML.
    public init(standIn inputs: [MLFeatureDescription], outputs: [MLFeatureDescription]) {
        inputDescriptionsByName = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0) })
        outputDescriptionsByName = Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, $0) })
    }
}

public class MLFeatureDescription: NSObject {
    public let name: String
    /// Nil for what is no multi-array.
    public let multiArrayConstraint: MLMultiArrayConstraint?

    /// Not of Core ML.
    public init(standIn name: String, _ constraint: MLMultiArrayConstraint?) {
        self.name = name
        multiArrayConstraint = constraint
    }
}

public class MLMultiArrayConstraint: NSObject {
    public let shape: [NSNumber]
    public let dataType: MLMultiArrayDataType

    /// Not of Core ML.
    public init(standIn shape: [NSNumber], _ dataType: MLMultiArrayDataType) {
        self.shape = shape
        self.dataType = dataType
    }
}
