package org.lazydit.demo.generation

import android.content.Context
import org.lazydit.demo.engine.BundleFacts

/** Keeps the speed of this device by model, so that it is measured once. */
class SpeedStore(
    context: Context,
) {
    private val preferences = context.getSharedPreferences("speed", Context.MODE_PRIVATE)

    fun read(facts: BundleFacts): Speed? {
        val kept = preferences.getString(facts.checkpoint, null) ?: return null
        val (run, reuse, rest) = kept.split(' ').map(String::toDouble)
        return Speed(run, reuse, rest)
    }

    fun write(
        facts: BundleFacts,
        speed: Speed,
    ) {
        val text = listOf(speed.runMs, speed.reuseMs, speed.restMs).joinToString(" ")
        preferences.edit().putString(facts.checkpoint, text).apply()
    }
}
