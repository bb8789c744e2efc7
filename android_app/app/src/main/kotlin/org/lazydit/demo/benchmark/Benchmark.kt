package org.lazydit.demo.benchmark

import org.lazydit.GenerationResult
import org.lazydit.LazyDiT
import org.lazydit.Policy
import org.lazydit.Request
import org.lazydit.demo.engine.draw
import org.lazydit.demo.generation.PolicyChoice
import kotlin.math.max
import kotlin.random.Random

/** What to measure: every policy with every step count, [rounds] images each. */
data class BenchmarkPlan(
    val policies: List<PolicyChoice> = listOf(PolicyChoice.ALWAYS, PolicyChoice.LAZY, PolicyChoice.EVERY_N),
    val steps: List<Int> = listOf(10, 20),
    val rounds: Int = 10,
)

/** @property name the policy's, with its gate set's if it has one. */
data class BenchmarkCase(
    val name: String,
    val policy: Policy,
    val steps: Int,
) {
    val isPlain get() = policy == Policy.Always
}

/** A case and its images, round by round. */
class Timed(
    val case: BenchmarkCase,
) {
    val results = mutableListOf<GenerationResult>()
}

/**
 * The cases of a plan, as in lazydit-bench: lazy is every gate set of the step count, and plain DDIM is always there,
 * with half as many steps too, to tell how many of its steps take as long as another policy's.
 */
fun casesOf(
    plan: BenchmarkPlan,
    lazydit: LazyDiT,
): List<BenchmarkCase> =
    plan.steps
        .flatMap { steps ->
            val asked = plan.policies.flatMap { casesOf(it, steps, lazydit) }
            asked + plain(steps) + plain(max(1, steps / 2))
        }.distinct()

private fun casesOf(
    policy: PolicyChoice,
    steps: Int,
    lazydit: LazyDiT,
): List<BenchmarkCase> =
    when (policy) {
        PolicyChoice.ALWAYS -> listOf(plain(steps))
        PolicyChoice.EVERY_N -> listOf(BenchmarkCase("every-n", Policy.EveryN(), steps))
        PolicyChoice.SCHEDULE -> listOf(BenchmarkCase("schedule", Policy.FixedSchedule(), steps))
        PolicyChoice.LAZY ->
            lazydit.bundle.gateSets
                .filter { it.steps == steps }
                .map { BenchmarkCase("lazy ${it.name}", Policy.Lazy(it.name), steps) }
    }

private fun plain(steps: Int) = BenchmarkCase("always", Policy.Always, steps)

/**
 * Draws one image of every case in every round, in shuffled order, so that a slow spell falls on all of them; each case
 * has had one before. [onImage] is called after every image with the number of those done, [onRound] after a round.
 */
suspend fun measure(
    lazydit: LazyDiT,
    cases: List<BenchmarkCase>,
    rounds: Int,
    onImage: (done: Int) -> Unit,
    onRound: (round: Int) -> Unit,
): List<Timed> {
    val all = cases.map(::Timed)
    var done = 0
    all.forEach {
        image(lazydit, it.case, label = 0, seed = 0)
        onImage(++done)
    }
    val random = Random(0)
    for (round in 0 until rounds) {
        for (timed in all.shuffled(random)) {
            timed.results += image(lazydit, timed.case, round % lazydit.bundle.numClasses, round)
            onImage(++done)
        }
        onRound(round)
    }
    return all
}

private suspend fun image(
    lazydit: LazyDiT,
    case: BenchmarkCase,
    label: Int,
    seed: Int,
): GenerationResult = lazydit.draw(Request(label, seed.toULong(), case.steps, policy = case.policy))
