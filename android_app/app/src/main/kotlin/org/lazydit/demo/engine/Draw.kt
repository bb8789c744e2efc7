package org.lazydit.demo.engine

import org.lazydit.GenerationResult
import org.lazydit.LazyDiT
import org.lazydit.Request
import org.lazydit.Step

/** One image; [onStep] is called after every step. */
suspend fun LazyDiT.draw(
    request: Request,
    onStep: (Step.Progress) -> Unit = {},
): GenerationResult {
    var result: GenerationResult? = null
    generate(request).collect { step ->
        when (step) {
            is Step.Progress -> onStep(step)
            is Step.Done -> result = step.result
        }
    }
    return checkNotNull(result)
}
