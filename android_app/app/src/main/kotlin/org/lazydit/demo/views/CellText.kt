package org.lazydit.demo.views

import android.content.res.Resources
import org.lazydit.Trace
import org.lazydit.demo.R

/** A cell of a map of decisions in words. */
object CellText {
    fun of(
        resources: Resources,
        trace: Trace,
        cell: Cell,
    ): String {
        val kind = resources.getString(if (cell.isAttention) R.string.attention else R.string.feedforward)
        val place = resources.getString(R.string.cell, kind, cell.block + 1, cell.step + 1)
        val decisions = (0 until trace.samples).map { decision(resources, trace, cell, it) }
        if (trace.samples == 1) return "$place: ${decisions[0]}"
        val guided = resources.getString(R.string.cell_with_class, decisions[0])
        return "$place; $guided; ${resources.getString(R.string.cell_without_class, decisions[1])}"
    }

    private fun decision(
        resources: Resources,
        trace: Trace,
        cell: Cell,
        sample: Int,
    ): String {
        val ran = trace.ran(cell.step, sample, cell.module)
        val word = resources.getString(if (ran) R.string.cell_ran else R.string.cell_reused)
        val score = trace.score(cell.step, sample, cell.module)
        if (score.isNaN()) return word
        return resources.getString(R.string.cell_score, word, "%.3f".format(score))
    }
}
