package org.lazydit.demo.engine

import android.content.res.Resources
import org.lazydit.demo.R

/** What keeps the app from working, so that a screen can say it in plain words. */
sealed interface Problem {
    data object NoBundle : Problem

    data class BadBundle(
        val sentence: String,
    ) : Problem

    data class NotEnoughMemory(
        val neededBytes: Long,
        val freeBytes: Long,
    ) : Problem

    data class LowBattery(
        val percent: Int,
    ) : Problem

    data class GenerationFailed(
        val sentence: String,
    ) : Problem

    fun words(resources: Resources): String =
        when (this) {
            NoBundle -> resources.getString(R.string.problem_no_bundle)
            is BadBundle -> resources.getString(R.string.problem_bundle, sentence)
            is NotEnoughMemory ->
                resources.getString(
                    R.string.problem_memory,
                    megabytes(neededBytes),
                    megabytes(freeBytes),
                )
            is LowBattery -> resources.getString(R.string.problem_battery, percent)
            is GenerationFailed -> resources.getString(R.string.problem_generation, sentence)
        }
}

class ProblemException(
    val problem: Problem,
    cause: Throwable? = null,
) : Exception(problem.toString(), cause)

private fun megabytes(bytes: Long) = bytes / 1_000_000
