package org.lazydit.demo.generation

import org.lazydit.Policy
import org.lazydit.Request
import org.lazydit.Thresholds
import org.lazydit.demo.engine.BundleFacts
import org.lazydit.demo.engine.CalibrationPoint

enum class PolicyChoice { LAZY, ALWAYS, EVERY_N, SCHEDULE }

/**
 * What the user asks for.
 *
 * @property lazyRatio the wished one, of policy lazy; the bundle's nearest calibration point is taken.
 */
data class Choice(
    val label: Int = 3,
    val seed: ULong = 0u,
    val steps: Int = 20,
    val policy: PolicyChoice = PolicyChoice.LAZY,
    val lazyRatio: Double = 0.3,
) {
    /** The calibration point of policy lazy; null for other policies and step counts without gates. */
    fun point(facts: BundleFacts): CalibrationPoint? {
        val scale = facts.scale(steps)
        if (policy != PolicyChoice.LAZY || scale.points.isEmpty()) return null
        return scale.points[scale.nearest(lazyRatio)]
    }

    /** The lazy ratio to be expected. */
    fun expectedRatio(facts: BundleFacts): Double =
        when (policy) {
            PolicyChoice.LAZY -> point(facts)?.lazyRatio ?: 0.0
            PolicyChoice.ALWAYS -> 0.0
            PolicyChoice.EVERY_N -> (steps / 2).toDouble() / steps
            PolicyChoice.SCHEDULE -> (steps - 1) / (2.0 * steps)
        }

    fun request(facts: BundleFacts): Request {
        val decides =
            when (policy) {
                PolicyChoice.LAZY ->
                    point(facts)?.let { Policy.Lazy(it.gates, Thresholds(it.threshold)) }
                        ?: Policy.Always
                PolicyChoice.ALWAYS -> Policy.Always
                PolicyChoice.EVERY_N -> Policy.EveryN()
                PolicyChoice.SCHEDULE -> Policy.FixedSchedule()
            }
        return Request(label, seed, steps, policy = decides)
    }

    /** The same with what the bundle has: its labels and step counts. */
    fun within(facts: BundleFacts): Choice =
        copy(
            label = label.coerceIn(0, facts.numClasses - 1),
            steps = listOf(steps, facts.defaultSteps).find { it in facts.stepCounts } ?: facts.stepCounts.first(),
        )
}
