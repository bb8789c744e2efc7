"""An Android phone over adb: lazydit-bench on it, or the demo app."""
