// Stands for Apple's module os where it is not: what the app uses of it, written by hand from Apple's public
// documentation.

/// Bytes that the app may still take; here there is no limit, as in the simulator.
// swift-format-ignore: AlwaysUseLowerCamelCase
public func os_proc_available_memory() -> Int { 0 }
