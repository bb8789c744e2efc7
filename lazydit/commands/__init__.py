"""The commands of `lazydit` that this package contributes, one file each."""
