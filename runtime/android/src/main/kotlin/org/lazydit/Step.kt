package org.lazydit

/** What [LazyDiT.generate] emits: one [Progress] per step, then one [Done]. */
public sealed interface Step {
    /**
     * A step has ended.
     *
     * @property step which one, from 0 to [steps] - 1.
     * @property reached modules reached in this step, over all samples; [reused] of them were reused.
     * @property stepMs wall time of the step in milliseconds.
     */
    public data class Progress(
        val step: Int,
        val steps: Int,
        val reached: Int,
        val reused: Int,
        val stepMs: Double,
    ) : Step

    /** The image is there; nothing follows. */
    public class Done(
        public val result: GenerationResult,
    ) : Step
}
