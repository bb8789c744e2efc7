#if canImport(CoreML)
    import CoreML
    import Foundation

    /// The system's warnings that memory runs short, as long as this object lives.
    final class MemoryWarnings: Sendable {
        private let source: any DispatchSourceMemoryPressure

        /// `onWarning` is called on a queue of the system's.
        init(_ onWarning: @escaping @Sendable () -> Void) {
            source = DispatchSource.makeMemoryPressureSource(eventMask: [.warning, .critical], queue: .global())
            source.setEventHandler(handler: onWarning)
            source.activate()
        }

        deinit {
            source.cancel()
        }
    }
#endif
