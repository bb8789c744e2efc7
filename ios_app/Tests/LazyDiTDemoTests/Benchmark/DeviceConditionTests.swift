import Testing

@testable import LazyDiTDemo

@Suite struct DeviceConditionTests {
    /// Apple's documentation of `ProcessInfo.ThermalState`: nominal 0, fair 1, serious 2, critical 3.
    @Test func heatIsReadFromTheSystemsNumbers() {
        #expect((0...3).map(ThermalState.init(processInfo:)) == [.nominal, .fair, .serious, .critical])
        #expect([-1, 4].map(ThermalState.init(processInfo:)) == [nil, nil])
    }

    @Test func aLowBatteryIsNoProblemForAPhoneThatIsPluggedIn() {
        let condition = DeviceCondition(thermalState: nil, batteryPercent: 9, plugged: true, lowPowerMode: false)
        #expect(condition.problem == nil)
    }
}
