package org.lazydit.executors

import java.nio.ByteBuffer

/**
 * Runs the programs of one bundle on one engine. It never sees steps, gates or caches.
 *
 * Generations may call from several threads at the same time. What [run] throws ends the generation and reaches the
 * collector of its flow unchanged.
 */
public interface Executor : AutoCloseable {
    /**
     * The address of a C `lazydit_executor`, which is then called instead of [run], without Kotlin between programs; it
     * has to stay valid until [close]. 0: there is none.
     */
    public val address: Long get() = 0L

    /**
     * Fills `outputs` with what the program called `program` makes of `inputs`, in the order of the manifest.
     *
     * The tensors are the scheduler's own memory, valid until this call returns: write in place and keep none of them.
     */
    public fun run(
        program: String,
        inputs: List<Tensor>,
        outputs: List<Tensor>,
    )

    /** A generation runs `program` no more, so that its memory may be freed; others may run it still. */
    public fun doneWith(program: String) {}

    /** Lets go of the engine's memory; nothing is run afterwards. */
    override fun close()
}

/**
 * A dense, row-major tensor.
 *
 * @property data a direct buffer in native byte order, the tensor's bytes from 0 to its capacity.
 */
public class Tensor(
    public val data: ByteBuffer,
    public val dtype: DType,
    public val shape: LongArray,
)

/** Element types; [manifestName] is what a manifest calls one. */
public enum class DType(
    public val manifestName: String,
) {
    FLOAT32("float32"),
    FLOAT16("float16"),
    INT64("int64"),
}
