package org.lazydit.demo.views

import android.content.res.Resources
import org.lazydit.demo.R

/** Milliseconds with two or three digits, as seconds from one second on. */
fun durationText(
    resources: Resources,
    milliseconds: Double,
): String =
    when {
        milliseconds < 10 -> resources.getString(R.string.milliseconds, "%.1f".format(milliseconds))
        milliseconds < 1000 -> resources.getString(R.string.milliseconds, "%.0f".format(milliseconds))
        else -> resources.getString(R.string.seconds, "%.1f".format(milliseconds / 1000))
    }
