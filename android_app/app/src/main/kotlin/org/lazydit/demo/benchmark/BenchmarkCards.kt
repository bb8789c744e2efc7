package org.lazydit.demo.benchmark

import android.app.Activity
import android.content.Intent
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.ProgressBar
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import org.lazydit.demo.R
import org.lazydit.demo.generation.PolicyChoice
import org.lazydit.demo.generation.policyName
import org.lazydit.demo.view
import org.lazydit.demo.views.ChoiceGroup
import org.lazydit.demo.views.durationText
import org.lazydit.demo.views.visibleIf
import kotlin.math.roundToInt

/** The cards of the benchmark's screen. */
class BenchmarkCards(
    private val activity: Activity,
    private val model: BenchmarkModel,
) {
    private val resources = activity.resources
    private val problem: ViewGroup = activity.view(R.id.problem)
    private val problemText: TextView = activity.view(R.id.problem_text)
    private val policies: ChoiceGroup = activity.view(R.id.policies)
    private val steps: ChoiceGroup = activity.view(R.id.steps)
    private val rounds: ChoiceGroup = activity.view(R.id.rounds)
    private val start: Button = activity.view(R.id.start)
    private val running: ViewGroup = activity.view(R.id.running)
    private val progress: ProgressBar = activity.view(R.id.progress)
    private val progressText: TextView = activity.view(R.id.progress_text)
    private val results: ViewGroup = activity.view(R.id.results)
    private val table: TableLayout = activity.view(R.id.table)
    private val conditions: TextView = activity.view(R.id.conditions)
    private var shown: BenchmarkReport? = null

    init {
        policies.multiple = true
        policies.perLine = 2
        policies.setOptions(PolicyChoice.entries.map { policyName(resources, it) })
        policies.onChosen = { chosen ->
            model.choose { it.copy(policies = chosen.sorted().map(PolicyChoice.entries::get)) }
        }
        steps.multiple = true
        steps.perLine = 3
        steps.onChosen = { chosen -> model.choose { it.copy(steps = chosen.sorted().map(stepCounts()::get)) } }
        rounds.perLine = ROUNDS.size
        rounds.setOptions(ROUNDS.map(Int::toString))
        rounds.onChosen = { chosen -> model.choose { it.copy(rounds = ROUNDS[chosen.first()]) } }
        start.setOnClickListener { model.start() }
        activity.view<Button>(R.id.cancel).setOnClickListener { model.cancel() }
        activity.view<Button>(R.id.try_again).setOnClickListener { model.open() }
        activity.view<Button>(R.id.share).setOnClickListener { shown?.let(::share) }
    }

    private fun stepCounts() =
        model.state.value.facts
            ?.stepCounts ?: model.state.value.plan.steps

    fun show(state: BenchmarkState) {
        problem.visibility = visibleIf(state.problem != null)
        problemText.text = state.problem?.words(resources)
        policies.chosen =
            state.plan.policies
                .map { it.ordinal }
                .toSet()
        val counts = state.facts?.stepCounts ?: state.plan.steps
        steps.setOptions(counts.map(Int::toString))
        steps.chosen =
            state.plan.steps
                .map(counts::indexOf)
                .toSet()
        rounds.chosen = setOf(ROUNDS.indexOf(state.plan.rounds))
        listOf(policies, steps, rounds).forEach { it.isEnabled = state.progress == null }
        showProgress(state)
        if (state.report !== shown) showReport(state.report)
    }

    private fun showProgress(state: BenchmarkState) {
        val now = state.progress
        start.visibility = visibleIf(now == null)
        start.isEnabled = state.facts != null && state.plan.policies.isNotEmpty() && state.plan.steps.isNotEmpty()
        running.visibility = visibleIf(now != null)
        if (now == null) return
        progress.isIndeterminate = now.images == 0
        progress.max = now.images
        progress.progress = now.done
        progressText.text =
            if (now.images == 0) {
                resources.getString(R.string.loading)
            } else {
                resources.getString(R.string.benchmark_progress, now.done, now.images)
            }
    }

    private fun showReport(report: BenchmarkReport?) {
        shown = report
        results.visibility = visibleIf(report != null)
        table.removeAllViews()
        if (report == null) return
        table.addView(tableRow(HEADINGS.map(resources::getString), R.style.Text_Cell_Heading))
        report.rows.forEach { table.addView(tableRow(cells(it), R.style.Text_Cell)) }
        conditions.text = conditionsText(report.conditions.last())
    }

    private fun cells(row: BenchmarkRow) =
        listOf(
            row.case.name,
            row.case.steps.toString(),
            "${(100 * row.lazyRatio).roundToInt()} %",
            durationText(resources, row.imageMs),
            durationText(resources, row.imageMsP90),
        )

    private fun tableRow(
        texts: List<String>,
        style: Int,
    ): TableRow {
        val row = TableRow(activity)
        texts.forEachIndexed { column, text ->
            val cell = TextView(activity, null, 0, style)
            cell.text = text
            cell.textAlignment = if (column == 0) View.TEXT_ALIGNMENT_VIEW_START else View.TEXT_ALIGNMENT_VIEW_END
            row.addView(cell)
        }
        return row
    }

    private fun conditionsText(condition: DeviceCondition): String {
        val unknown = resources.getString(R.string.conditions_unknown)
        val degrees =
            condition.batteryCelsius?.let {
                resources.getString(R.string.conditions_degrees, "%.1f".format(it))
            }
        val heat = condition.thermalStatus?.let { resources.getStringArray(R.array.thermal).getOrNull(it) }
        return resources.getString(R.string.conditions, degrees ?: unknown, heat ?: unknown)
    }

    private fun share(report: BenchmarkReport) {
        val send =
            Intent(Intent.ACTION_SEND)
                .setType("application/json")
                .putExtra(Intent.EXTRA_SUBJECT, resources.getString(R.string.benchmark))
                .putExtra(Intent.EXTRA_TEXT, report.json.toString(2))
        activity.startActivity(Intent.createChooser(send, resources.getString(R.string.share)))
    }

    private companion object {
        val ROUNDS = listOf(3, 10, 20, 50)
        val HEADINGS =
            listOf(
                R.string.column_case,
                R.string.column_steps,
                R.string.column_reused,
                R.string.column_median,
                R.string.column_p90,
            )
    }
}
