import LazyDiTDemo
import UIKit
import os

/// What the system tells of this phone.
@MainActor
enum Device {
    /// Bytes that the app may still take; nil in the simulator, which has no limit.
    static var freeMemory: Int? {
        let bytes = os_proc_available_memory()
        return bytes > 0 ? bytes : nil
    }

    static var condition: DeviceCondition {
        let (device, process) = (UIDevice.current, ProcessInfo.processInfo)
        device.isBatteryMonitoringEnabled = true
        // The level is negative, and the state unknown, where there is no battery to be read.
        let level = device.batteryLevel
        return DeviceCondition(
            thermalState: ThermalState(processInfo: process.thermalState.rawValue),
            batteryPercent: level < 0 ? nil : Int((100 * level).rounded()),
            plugged: device.batteryState == .unknown ? nil : device.batteryState != .unplugged,
            lowPowerMode: process.isLowPowerModeEnabled)
    }
}
