package org.lazydit

/** What cannot be done, in one sentence that says what is wrong and what to do; [cause] only where an engine gave one. */
public class LazyDiTException(
    message: String,
    cause: Throwable? = null,
) : RuntimeException(message, cause)
