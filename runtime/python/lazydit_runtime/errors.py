"""What a generation raises beside `lazydit.errors.LazyDiTError`."""


class Cancelled(Exception):
    """A generation was stopped before its end, by `on_step`; there is no image of it."""
