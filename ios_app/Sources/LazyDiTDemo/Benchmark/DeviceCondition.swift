/// What slows a phone down, at one moment; nil where it does not tell.
public struct DeviceCondition: Equatable, Sendable {
    public let thermalState: ThermalState?
    public let batteryPercent: Int?
    public let plugged: Bool?
    public let lowPowerMode: Bool

    public init(thermalState: ThermalState?, batteryPercent: Int?, plugged: Bool?, lowPowerMode: Bool) {
        self.thermalState = thermalState
        self.batteryPercent = batteryPercent
        self.plugged = plugged
        self.lowPowerMode = lowPowerMode
    }

    /// What would make a measurement one of something else.
    var problem: Problem? {
        if lowPowerMode { return .lowPowerMode }
        if let batteryPercent, plugged == false, batteryPercent < Self.lowPercent {
            return .lowBattery(percent: batteryPercent)
        }
        return nil
    }

    private static let lowPercent = 15
}

/// Apple's four words for heat, as `ProcessInfo.ThermalState` has them.
public enum ThermalState: String, CaseIterable, Encodable, Sendable {
    case nominal
    case fair
    case serious
    case critical

    /// Of the raw value of `ProcessInfo.ThermalState`, which counts from nominal on; nil for what a later system adds.
    public init?(processInfo rawValue: Int) {
        guard Self.allCases.indices.contains(rawValue) else { return nil }
        self = Self.allCases[rawValue]
    }
}

/// The condition at the end of a round.
struct RoundCondition: Encodable, Sendable {
    let round: Int
    let condition: DeviceCondition

    enum CodingKeys: String, CodingKey {
        case round, plugged
        case thermalState = "thermal_state"
        case batteryPercent = "battery_percent"
        case lowPower = "low_power"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(round, forKey: .round)
        try container.encode(condition.thermalState, forKey: .thermalState)
        try container.encode(condition.batteryPercent, forKey: .batteryPercent)
        try container.encode(condition.plugged, forKey: .plugged)
        try container.encode(condition.lowPowerMode, forKey: .lowPower)
    }
}
