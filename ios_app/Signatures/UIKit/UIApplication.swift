import Foundation

@MainActor
open class UIApplication: NSObject {
    open class var shared: UIApplication { fatalError() }
    open var isIdleTimerDisabled: Bool {
        get { fatalError() }
        set { fatalError() }
    }
}

public enum UIKeyboardType: Int, Sendable {
    case numberPad = 4
}

public struct UIAccessibility {
    public struct Notification: Hashable, RawRepresentable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static var announcement: Notification { fatalError() }
    }

    @MainActor public static func post(notification: Notification, argument: Any?) { fatalError() }
}
