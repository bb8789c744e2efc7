package org.lazydit.demo.benchmark

import android.os.Bundle
import org.lazydit.demo.generation.PolicyChoice

fun BenchmarkPlan.write(state: Bundle) {
    state.putStringArray(POLICIES, policies.map { it.name }.toTypedArray())
    state.putIntArray(STEPS, steps.toIntArray())
    state.putInt(ROUNDS, rounds)
}

/** What [write] left, or [default] where nothing was saved. */
fun readPlan(
    state: Bundle?,
    default: BenchmarkPlan,
): BenchmarkPlan =
    if (state == null) {
        default
    } else {
        BenchmarkPlan(
            policies = state.getStringArray(POLICIES).orEmpty().map(PolicyChoice::valueOf),
            steps = state.getIntArray(STEPS)?.toList().orEmpty(),
            rounds = state.getInt(ROUNDS),
        )
    }

private const val POLICIES = "policies"
private const val STEPS = "steps"
private const val ROUNDS = "rounds"
