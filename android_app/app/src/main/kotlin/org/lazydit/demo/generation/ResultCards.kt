package org.lazydit.demo.generation

import android.app.Activity
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import org.lazydit.GenerationResult
import org.lazydit.demo.R
import org.lazydit.demo.view
import org.lazydit.demo.views.Cell
import org.lazydit.demo.views.CellText
import org.lazydit.demo.views.DecisionMapView
import org.lazydit.demo.views.PictureView
import org.lazydit.demo.views.StepBarsView
import org.lazydit.demo.views.durationText
import org.lazydit.toBitmap
import kotlin.math.roundToInt

/** The cards with the pictures, the map of decisions and the time per step. */
class ResultCards(
    activity: Activity,
) {
    private val resources = activity.resources
    private val cards = listOf(R.id.pictures, R.id.decisions, R.id.step_times).map { activity.view<ViewGroup>(it) }
    private val title: TextView = activity.view(R.id.pictures_title)
    private val picture: PictureView = activity.view(R.id.picture)
    private val caption: TextView = activity.view(R.id.caption)
    private val plain: ViewGroup = activity.view(R.id.plain)
    private val plainPicture: PictureView = activity.view(R.id.plain_picture)
    private val plainCaption: TextView = activity.view(R.id.plain_caption)
    private val summary: TextView = activity.view(R.id.decisions_summary)
    private val map: DecisionMapView = activity.view(R.id.map)
    private val cell: TextView = activity.view(R.id.cell)
    private val bars: StepBarsView = activity.view(R.id.step_bars)
    private var shown: Drawing? = null

    init {
        map.onSelected = ::showCell
    }

    fun show(state: GenerationState) {
        if (state.drawing === shown) return
        shown = state.drawing
        cards.forEach { it.visibility = if (shown == null) View.GONE else View.VISIBLE }
        shown?.let(::show)
    }

    private fun show(drawing: Drawing) {
        showPictures(drawing)
        val result = drawing.result
        summary.text = resources.getString(R.string.decisions_summary, (100 * result.lazyRatio).roundToInt())
        map.trace = result.trace
        showCell(map.selected)
        bars.stepMs = result.timings.stepMs
    }

    private fun showPictures(drawing: Drawing) {
        val alone = drawing.policy == PolicyChoice.ALWAYS
        title.text = resources.getString(if (alone) R.string.pictures_alone else R.string.pictures)
        showPicture(drawing.result, drawing.policy, picture, caption)
        plain.visibility = if (alone) View.GONE else View.VISIBLE
        plainPicture.bitmap = null
        plainCaption.text = null
        drawing.plain?.let { showPicture(it, PolicyChoice.ALWAYS, plainPicture, plainCaption) }
    }

    private fun showPicture(
        result: GenerationResult,
        policy: PolicyChoice,
        view: PictureView,
        caption: TextView,
    ) {
        val name = policyName(resources, policy)
        val steps = resources.getQuantityString(R.plurals.step_count, result.steps, result.steps)
        val time = durationText(resources, result.timings.totalMs)
        view.bitmap = result.toBitmap()
        view.contentDescription = resources.getString(R.string.picture_description, result.label, name, time)
        caption.text = resources.getString(R.string.picture_caption, name, steps, time)
    }

    private fun showCell(selected: Cell?) {
        val trace = map.trace ?: return
        val hint = if (trace.samples == 1) R.string.map_hint_unguided else R.string.map_hint
        cell.text = if (selected == null) resources.getString(hint) else CellText.of(resources, trace, selected)
    }
}
