package org.lazydit.demo.generation

import android.app.Activity
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.SeekBar
import android.widget.TextView
import org.lazydit.demo.R
import org.lazydit.demo.engine.BundleFacts
import org.lazydit.demo.view
import org.lazydit.demo.views.ChoiceGroup
import org.lazydit.demo.views.durationText
import org.lazydit.demo.views.onNumber
import org.lazydit.demo.views.onPlace
import org.lazydit.demo.views.showNumber
import org.lazydit.demo.views.visibleIf
import kotlin.math.roundToInt
import kotlin.random.Random

/** The problem, if there is one, and the card with the request, its progress and its buttons. */
class RequestCard(
    private val activity: Activity,
    private val model: GenerationModel,
) {
    private val resources = activity.resources
    private val problem: ViewGroup = activity.view(R.id.problem)
    private val problemText: TextView = activity.view(R.id.problem_text)
    private val labelTitle: TextView = activity.view(R.id.label_title)
    private val digits: ChoiceGroup = activity.view(R.id.digits)
    private val label: EditText = activity.view(R.id.label)
    private val seed: EditText = activity.view(R.id.seed)
    private val steps: ChoiceGroup = activity.view(R.id.steps)
    private val policies: ChoiceGroup = activity.view(R.id.policies)
    private val laziness: ViewGroup = activity.view(R.id.laziness)
    private val slider: SeekBar = activity.view(R.id.laziness_slider)
    private val lazinessValue: TextView = activity.view(R.id.laziness_value)
    private val lazinessQuality: TextView = activity.view(R.id.laziness_quality)
    private val inputs = listOf(digits, label, seed, steps, policies, slider, activity.view(R.id.new_seed))
    private val estimate: TextView = activity.view(R.id.estimate)
    private val generate: Button = activity.view(R.id.generate)
    private val running: ViewGroup = activity.view(R.id.running)
    private val progressText: TextView = activity.view(R.id.progress_text)
    private val progress: ProgressBar = activity.view(R.id.progress)

    init {
        digits.perLine = DIGITS / 2
        steps.perLine = 3
        policies.perLine = 2
        policies.setOptions(PolicyChoice.entries.map { policyName(resources, it) })
        digits.onChosen = { chosen -> model.choose { it.copy(label = chosen.first()) } }
        policies.onChosen = { chosen -> model.choose { it.copy(policy = PolicyChoice.entries[chosen.first()]) } }
        steps.onChosen = { chosen ->
            facts?.let { offered -> model.choose { it.copy(steps = offered.stepCounts[chosen.first()]) } }
        }
        label.onNumber { number ->
            facts?.let { offered -> model.choose { it.copy(label = number.toInt()).within(offered) } }
        }
        seed.onNumber { number -> model.choose { it.copy(seed = number) } }
        activity.view<Button>(R.id.new_seed).setOnClickListener {
            model.choose { it.copy(seed = Random.nextInt(0, NEW_SEEDS).toULong()) }
        }
        slider.onPlace { place ->
            facts?.let { offered ->
                model.choose { it.copy(lazyRatio = offered.scale(it.steps).points[place].lazyRatio) }
            }
        }
        generate.setOnClickListener { model.generate() }
        activity.view<Button>(R.id.cancel).setOnClickListener { model.cancel() }
        activity.view<Button>(R.id.try_again).setOnClickListener { model.open(model.state.value.choice) }
    }

    private val facts: BundleFacts? get() = model.state.value.facts

    fun show(state: GenerationState) {
        problem.visibility = visibleIf(state.problem != null)
        problemText.text = state.problem?.words(resources)
        showChoice(state.choice, state.facts)
        showLaziness(state)
        val expected = estimateText(state)
        estimate.visibility = visibleIf(expected != null)
        estimate.text = expected
        showWork(state)
    }

    private fun showChoice(
        choice: Choice,
        facts: BundleFacts?,
    ) {
        val classes = facts?.numClasses ?: DIGITS
        val asDigits = classes <= DIGITS
        digits.visibility = visibleIf(asDigits)
        label.visibility = visibleIf(!asDigits)
        labelTitle.text =
            if (asDigits) resources.getString(R.string.digit) else resources.getString(R.string.label, classes - 1)
        digits.setOptions((0 until minOf(classes, DIGITS)).map(Int::toString))
        digits.chosen = setOf(choice.label)
        label.showNumber(choice.label.toULong())
        seed.showNumber(choice.seed)
        val counts = facts?.stepCounts ?: listOf(choice.steps)
        steps.setOptions(counts.map(Int::toString))
        steps.chosen = setOf(counts.indexOf(choice.steps))
        policies.chosen = setOf(choice.policy.ordinal)
    }

    private fun showLaziness(state: GenerationState) {
        val point = state.facts?.let(state.choice::point)
        laziness.visibility = visibleIf(point != null)
        if (point == null) return
        val scale = state.facts.scale(state.choice.steps)
        slider.max = scale.points.size - 1
        slider.progress = scale.nearest(point.lazyRatio)
        val percent = (100 * point.lazyRatio).roundToInt()
        lazinessValue.text = resources.getString(R.string.laziness_value, percent)
        lazinessQuality.text =
            if (point.psnr.isInfinite()) {
                resources.getString(R.string.laziness_exact, shortNumber(point.threshold))
            } else {
                resources.getString(R.string.laziness_quality, shortNumber(point.threshold), "%.0f".format(point.psnr))
            }
    }

    private fun estimateText(state: GenerationState): String? {
        val facts = state.facts ?: return null
        val speed = state.speed ?: return null
        val modules = SAMPLES * facts.modules
        val plain = durationText(resources, speed.imageMs(state.choice.steps, modules, 0.0))
        val ratio = state.choice.expectedRatio(facts)
        if (ratio == 0.0) return resources.getString(R.string.estimate_plain, plain)
        val expected = durationText(resources, speed.imageMs(state.choice.steps, modules, ratio))
        return resources.getString(R.string.estimate, expected, plain)
    }

    private fun showWork(state: GenerationState) {
        val work = state.work
        val idle = work is Work.Idle || work is Work.Cancelled
        generate.visibility = visibleIf(idle)
        generate.isEnabled = state.facts != null
        running.visibility = visibleIf(!idle)
        inputs.forEach { it.isEnabled = idle }
        progress.isIndeterminate = work is Work.Loading || work is Work.Measuring
        when (work) {
            is Work.Idle, is Work.Cancelled -> Unit
            is Work.Unpacking -> {
                val percent = (100 * work.share).roundToInt()
                showProgress(percent, 100, resources.getString(R.string.unpacking, percent))
            }
            is Work.Loading -> showProgress(0, 1, resources.getString(R.string.loading))
            is Work.Measuring -> showProgress(0, 1, resources.getString(R.string.measuring))
            is Work.Running -> showProgress(work.step, work.steps, runningText(work))
        }
    }

    private fun runningText(work: Work.Running): String {
        val text = if (work.comparison) R.string.running_comparison else R.string.running
        return resources.getString(text, work.step, work.steps)
    }

    private fun showProgress(
        done: Int,
        all: Int,
        text: String,
    ) {
        progress.max = all
        progress.progress = done
        progressText.text = text
    }

    private companion object {
        const val DIGITS = 10
        const val NEW_SEEDS = 100_000

        /** With guidance: the conditional and the unconditional one. */
        const val SAMPLES = 2
    }
}

private fun shortNumber(value: Double) = if (value >= 0.1) "%.2f".format(value) else "%.4f".format(value)
