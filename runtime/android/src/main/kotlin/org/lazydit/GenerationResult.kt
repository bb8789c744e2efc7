package org.lazydit

/**
 * One generated image, and what it took. It stays valid after [LazyDiT.close].
 *
 * @property steps,guidance what was used, defaults filled in; guidance 1 is none.
 * @property policy the name of the policy that decided, and [gates] its gate set's, if it has one.
 * @property latent `[C, h, w]` in one row.
 * @property image what [toBitmap] shows; null for a model of latents whose bundle has no decode.
 */
public class GenerationResult internal constructor(
    public val label: Int,
    public val seed: ULong,
    public val steps: Int,
    public val guidance: Double,
    public val policy: String,
    public val gates: String?,
    public val latent: FloatArray,
    public val image: Pixels?,
    public val trace: Trace,
    public val timings: Timings,
) {
    /** Modules reused / modules reached, the first step included. */
    public val lazyRatio: Double get() = trace.lazyRatio
}

/**
 * An image as numbers.
 *
 * @property channels 1 (grey) or 3 (red, green, blue).
 * @property values `[channels, height, width]` in one row, in [-1, 1] but for overshoots.
 */
public class Pixels internal constructor(
    public val channels: Int,
    public val height: Int,
    public val width: Int,
    public val values: FloatArray,
)
