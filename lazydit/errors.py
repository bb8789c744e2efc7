"""The one exception that users of this project are expected to see."""


class LazyDiTError(Exception):
    """A use error: `str(error)` is one sentence that says what is wrong and what to do."""
