"""The sub-commands `lazydit generate`, `lazydit inspect` and `lazydit doctor`."""
