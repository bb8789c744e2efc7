package org.lazydit

import java.io.File

/** A checked bundle on the native side. */
internal class BundleHandle(
    directory: File,
) : AutoCloseable {
    var address: Long = Core.openBundle(directory.path.encodeToByteArray())
        private set

    fun describe(): BundleDescription = Core.describeBundle(address)

    @Synchronized
    override fun close() {
        Core.freeBundle(address)
        address = 0
    }
}

/** A planned generation on the native side. [cancel] may come from any thread at any time, also after [close]. */
internal class Generation(
    bundle: BundleHandle,
    wish: Wish,
) : AutoCloseable {
    private var address: Long = Core.plan(bundle.address, wish)

    /** The thread that closes is the one that runs, so that the address stays valid without the lock. */
    fun run(
        executorAddress: Long,
        calls: ExecutorCalls?,
        request: Request,
        listener: StepListener,
    ): RunOutcome? =
        Core.run(
            address,
            executorAddress,
            calls,
            request.label.toLong(),
            request.seed.toLong(),
            request.noise,
            listener,
        )

    @Synchronized
    fun cancel() {
        if (address != 0L) Core.cancel(address)
    }

    @Synchronized
    override fun close() {
        Core.freeGeneration(address)
        address = 0
    }
}
