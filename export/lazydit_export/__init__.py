"""The toolchain: a lazy DiT in, a bundle out that a phone can load (split, lower, verify)."""
