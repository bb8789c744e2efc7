package org.lazydit

/** Lets several threads use what [release] lets go of, and closes it under none of them. */
internal class Lifetime(
    private val release: () -> Unit,
) {
    private val running = mutableSetOf<Generation>()
    private var users = 0

    @get:Synchronized
    var closed: Boolean = false
        private set

    /** @throws LazyDiTException after [close]. */
    inline fun <T> use(work: () -> T): T {
        enter()
        try {
            return work()
        } finally {
            leave()
        }
    }

    /** Has [close] cancel `generation` while `work` lasts; within [use]. */
    inline fun <T> running(
        generation: Generation,
        work: () -> T,
    ): T {
        started(generation)
        try {
            return work()
        } finally {
            ended(generation)
        }
    }

    /** Cancels what is running and releases as soon as nobody uses it, which may be at once. */
    fun close() {
        val unused =
            synchronized(this) {
                val first = !closed
                closed = true
                running.forEach { it.cancel() }
                first && users == 0
            }
        if (unused) release()
    }

    @Synchronized
    fun enter() {
        if (closed) throw closedException()
        users += 1
    }

    fun leave() {
        val unused =
            synchronized(this) {
                users -= 1
                closed && users == 0
            }
        if (unused) release()
    }

    @Synchronized
    fun started(generation: Generation) {
        if (closed) throw closedException()
        running += generation
    }

    @Synchronized
    fun ended(generation: Generation) {
        running -= generation
    }
}

internal fun closedException(): LazyDiTException = LazyDiTException("this LazyDiT is closed: open the bundle again")
