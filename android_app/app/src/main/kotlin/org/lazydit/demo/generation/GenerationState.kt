package org.lazydit.demo.generation

import org.lazydit.GenerationResult
import org.lazydit.demo.engine.BundleFacts
import org.lazydit.demo.engine.Problem

/** Everything that the screen shows. [facts] and [speed] are null until the bundle is open and the device measured. */
data class GenerationState(
    val choice: Choice = Choice(),
    val facts: BundleFacts? = null,
    val speed: Speed? = null,
    val work: Work = Work.Idle,
    val drawing: Drawing? = null,
    val problem: Problem? = null,
)

sealed interface Work {
    data object Idle : Work

    data object Cancelled : Work

    /** [share] of the bundle, 0 to 1. */
    data class Unpacking(
        val share: Double,
    ) : Work

    data object Loading : Work

    data object Measuring : Work

    /** [step] of [steps] have ended; [comparison]: of the picture under plain DDIM. */
    data class Running(
        val step: Int,
        val steps: Int,
        val comparison: Boolean,
    ) : Work
}

/** A picture, and the same seed under plain DDIM with as many steps as take as long, where that is another. */
data class Drawing(
    val policy: PolicyChoice,
    val result: GenerationResult,
    val plain: GenerationResult? = null,
)
