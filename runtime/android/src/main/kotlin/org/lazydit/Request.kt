package org.lazydit

/**
 * One image to generate.
 *
 * @property label the class, from 0 to the bundle's `numClasses` - 1.
 * @property seed of the starting noise; the same on every platform, and what `torch.randn` draws on a CPU.
 * @property steps how many; null: those of the policy's gate set or mask, else the bundle's default.
 * @property guidance scale of classifier-free guidance; 1 is none, null the bundle's default.
 * @property policy who decides whether a module runs.
 * @property noise to start from in place of the seed's noise, `[C, h, w]` in one row; read while the generation starts.
 */
public class Request(
    public val label: Int,
    public val seed: ULong = 0u,
    public val steps: Int? = null,
    public val guidance: Double? = null,
    public val policy: Policy = Policy.Lazy(),
    public val noise: FloatArray? = null,
)
