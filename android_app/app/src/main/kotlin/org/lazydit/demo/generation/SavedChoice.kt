package org.lazydit.demo.generation

import android.os.Bundle

fun Choice.write(state: Bundle) {
    state.putInt(LABEL, label)
    state.putLong(SEED, seed.toLong())
    state.putInt(STEPS, steps)
    state.putString(POLICY, policy.name)
    state.putDouble(LAZY_RATIO, lazyRatio)
}

/** What [write] left; the defaults where nothing was saved. */
fun readChoice(state: Bundle?): Choice =
    if (state == null) {
        Choice()
    } else {
        Choice(
            label = state.getInt(LABEL),
            seed = state.getLong(SEED).toULong(),
            steps = state.getInt(STEPS),
            policy = PolicyChoice.valueOf(checkNotNull(state.getString(POLICY))),
            lazyRatio = state.getDouble(LAZY_RATIO),
        )
    }

private const val LABEL = "label"
private const val SEED = "seed"
private const val STEPS = "steps"
private const val POLICY = "policy"
private const val LAZY_RATIO = "lazy_ratio"
