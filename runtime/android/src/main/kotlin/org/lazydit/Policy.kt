package org.lazydit

/**
 * Who decides whether a module runs or its cached output is reused.
 *
 * Step 0 runs every module whatever the policy says, since nothing is cached.
 */
public sealed interface Policy {
    /** `always`, `lazy`, `every-n` or `schedule`. */
    public val name: String

    public val maxReuse: MaxReuse

    /** Whether reused outputs are extrapolated; null: what the gate set was made with. */
    public val extrapolate: Boolean?

    /** Run every module: plain DDIM. */
    public data object Always : Policy {
        override val name: String get() = "always"
        override val maxReuse: MaxReuse get() = MaxReuse.Stored
        override val extrapolate: Boolean get() = false
    }

    /**
     * The gates decide, per module, step and sample.
     *
     * @property gates name of a gate set; null takes the bundle's first for the step count.
     * @property thresholds null takes the gate set's own.
     * @property extrapolate whether what is reused goes on along the line through the module's last two outputs instead
     *   of being the last one as it is; null takes the gate set's own.
     * @property lazyRatio share of the modules to reuse, 0 to the highest of [ModelBundle.lazyRatios]: the bundle's
     *   calibration then picks all of the above, which have to be left out.
     */
    public data class Lazy(
        val gates: String? = null,
        val thresholds: Thresholds? = null,
        override val maxReuse: MaxReuse = MaxReuse.Stored,
        override val extrapolate: Boolean? = null,
        val lazyRatio: Double? = null,
    ) : Policy {
        override val name: String get() = "lazy"

        init {
            val open = gates == null && thresholds == null && maxReuse == MaxReuse.Stored && extrapolate == null
            if (lazyRatio != null && !open) {
                throw LazyDiTException(
                    "a lazy ratio picks gates, thresholds, max_reuse and extrapolate: leave these out",
                )
            }
        }
    }

    /** Run every module at steps 0, [n], 2 [n], ...; reuse at all others. */
    public data class EveryN(
        val n: Int = 2,
        override val maxReuse: MaxReuse = MaxReuse.Stored,
        override val extrapolate: Boolean = false,
    ) : Policy {
        override val name: String get() = "every-n"

        init {
            if (n < 1) throw LazyDiTException("every-n with n = $n never runs a module: choose n from 1")
        }
    }

    /**
     * A fixed mask decides, per module and step.
     *
     * @property run steps rows of 2 x depth, true where the module runs. Null: attention runs at even steps and
     *   feedforward at odd ones, so that nothing is reused twice in a row.
     */
    public data class FixedSchedule(
        val run: List<List<Boolean>>? = null,
        override val maxReuse: MaxReuse = MaxReuse.Stored,
        override val extrapolate: Boolean = false,
    ) : Policy {
        override val name: String get() = "schedule"

        init {
            if (run != null && run.map { it.size }.distinct().size != 1) {
                throw LazyDiTException("the schedule's rows differ in length: give one row per step")
            }
        }
    }
}

/** A module runs iff its gate's score reaches the threshold of its kind. Scores lie between 0 and 1. */
public data class Thresholds(
    val attn: Double,
    val mlp: Double,
) {
    /** One threshold for all modules. */
    public constructor(both: Double) : this(both, both)

    init {
        if (attn !in 0.0..1.0 || mlp !in 0.0..1.0) {
            throw LazyDiTException("thresholds $attn and $mlp are not both from 0 to 1: scores lie between these")
        }
    }
}

/** How many steps in a row one module may be reused. */
public sealed interface MaxReuse {
    /** What the gate set was made with, which for the policies without gates is no limit. */
    public data object Stored : MaxReuse

    public data object Unlimited : MaxReuse

    public data class AtMost(
        val steps: Int,
    ) : MaxReuse {
        init {
            if (steps < 1) {
                throw LazyDiTException("max_reuse is $steps: choose a number of steps from 1, or MaxReuse.Unlimited")
            }
        }
    }
}
