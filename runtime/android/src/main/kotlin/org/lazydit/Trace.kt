package org.lazydit

/**
 * Every decision of a generation. Steps in sampling order; sample 0 is the conditional one, sample 1 (with guidance
 * only) the unconditional one; modules in running order: attn 0, mlp 0, attn 1, ...
 *
 * @property timesteps of the training process, descending; one per step.
 * @property modules the names of the modules.
 */
public class Trace internal constructor(
    public val timesteps: LongArray,
    public val modules: List<String>,
    public val samples: Int,
    private val scores: FloatArray,
    private val ran: BooleanArray,
    private val extrapolated: BooleanArray,
    private val moduleMs: DoubleArray,
) {
    public val steps: Int get() = timesteps.size

    /** Modules reused / modules reached, the first step included. */
    public val lazyRatio: Double = ran.count { !it }.toDouble() / ran.size

    /** The gate's score; NaN where no gate decided. */
    public fun score(
        step: Int,
        sample: Int,
        module: Int,
    ): Float = scores[place(step, sample, module)]

    /** False where the module was reused. */
    public fun ran(
        step: Int,
        sample: Int,
        module: Int,
    ): Boolean = ran[place(step, sample, module)]

    /** True where the module was reused by extrapolating its last two outputs. */
    public fun extrapolated(
        step: Int,
        sample: Int,
        module: Int,
    ): Boolean = extrapolated[place(step, sample, module)]

    /** Time of the run or the reuse, in milliseconds. */
    public fun moduleMs(
        step: Int,
        sample: Int,
        module: Int,
    ): Double = moduleMs[place(step, sample, module)]

    private fun place(
        step: Int,
        sample: Int,
        module: Int,
    ): Int {
        if (step !in 0 until steps || sample !in 0 until samples || module !in modules.indices) {
            throw IndexOutOfBoundsException(
                "[$step, $sample, $module] is not within [$steps steps, $samples samples, ${modules.size} modules]",
            )
        }
        return (step * samples + sample) * modules.size + module
    }
}
