package org.lazydit.executors

import org.lazydit.ModelBundle
import java.io.File

/** Makes the executors of one engine. An app can bring its own: give it as `Options.executor`. */
public interface ExecutorFactory {
    public val name: String

    /** Why this engine cannot run `bundle` in this process, as a clause; null where it can. */
    public fun obstacle(bundle: ModelBundle): String?

    /**
     * Loads all programs of `bundle`.
     *
     * @param threads how many the engine uses; null leaves it to the engine.
     * @param weightCache as in `Options`.
     * @throws org.lazydit.LazyDiTException where a file is not what the engine or the manifest expects.
     */
    public fun open(
        bundle: ModelBundle,
        threads: Int?,
        weightCache: File?,
    ): Executor
}
