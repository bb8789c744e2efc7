package org.lazydit

/** How many threads the engines of this process use: the first `open` says, and for good. */
internal object ProcessThreads {
    private var decided = false
    private var chosen: Int? = null

    /** What counts for somebody who wishes [wish]; null is the engine's own choice. */
    @Synchronized
    fun agreed(wish: Int?): Int? {
        if (!decided) {
            decided = true
            chosen = wish
        }
        if (wish != null && wish != chosen) {
            throw LazyDiTException(
                "the engines of this process use ${chosen ?: "a number of their own choice of"} threads and stay " +
                    "with them: leave threads out, or restart the app for $wish",
            )
        }
        return chosen
    }
}
