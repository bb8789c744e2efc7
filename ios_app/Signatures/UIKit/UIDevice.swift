// Stands for Apple's framework UIKit where it is not: what the app uses of it, written by hand from Apple's public
// documentation. It shows that the app agrees with that documentation as we read it, and nothing more; nothing of it runs.
@_exported import Foundation

@MainActor
open class UIDevice: NSObject {
    open class var current: UIDevice { fatalError() }
    open var isBatteryMonitoringEnabled: Bool {
        get { fatalError() }
        set { fatalError() }
    }
    open var batteryLevel: Float { fatalError() }
    open var batteryState: BatteryState { fatalError() }

    public enum BatteryState: Int, Sendable {
        case unknown = 0
        case unplugged = 1
        case charging = 2
        case full = 3
    }
}

/// On Apple's systems Foundation has these.
extension ProcessInfo {
    public enum ThermalState: Int, Sendable {
        case nominal = 0
        case fair = 1
        case serious = 2
        case critical = 3
    }

    public var thermalState: ThermalState { fatalError() }
    public var isLowPowerModeEnabled: Bool { fatalError() }
}
