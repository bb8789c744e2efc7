package org.lazydit.demo.generation

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.lazydit.LazyDiT
import org.lazydit.LazyDiTException
import org.lazydit.Policy
import org.lazydit.Request
import org.lazydit.Step
import org.lazydit.demo.engine.BundleFacts
import org.lazydit.demo.engine.Engine
import org.lazydit.demo.engine.Problem
import org.lazydit.demo.engine.ProblemException
import org.lazydit.demo.engine.draw

/** What happens on the screen, without its views. To be called on the thread of [scope], whose end ends the work. */
class GenerationModel(
    private val engine: Engine,
    private val speeds: SpeedStore,
    private val scope: CoroutineScope,
) {
    private val current = MutableStateFlow(GenerationState())
    private var job: Job? = null

    val state: StateFlow<GenerationState> = current.asStateFlow()

    /** Opens the bundle and measures the device if need be; draws afterwards if [thenDraw]. */
    fun open(
        choice: Choice,
        thenDraw: Boolean = false,
    ) {
        current.update { it.copy(choice = choice) }
        work { lazydit, facts ->
            current.update { it.copy(speed = speeds.read(facts) ?: measure(lazydit, facts)) }
            if (thenDraw) draw(lazydit, facts)
        }
    }

    fun choose(change: (Choice) -> Choice) {
        current.update { it.copy(choice = change(it.choice)) }
    }

    /** Draws what is chosen, and then the same seed under plain DDIM in as much time. */
    fun generate() = work { lazydit, facts -> draw(lazydit, facts) }

    fun cancel() {
        job?.cancel()
    }

    private fun work(task: suspend (LazyDiT, BundleFacts) -> Unit) {
        if (job?.isActive == true) return
        job =
            scope.launch {
                try {
                    current.update { it.copy(work = Work.Loading, problem = null) }
                    engine.use(onUnpacking = ::unpacking) { lazydit ->
                        val facts = BundleFacts.of(lazydit)
                        current.update { it.copy(facts = facts, choice = it.choice.within(facts)) }
                        task(lazydit, facts)
                    }
                    current.update { it.copy(work = Work.Idle) }
                } catch (cancelled: CancellationException) {
                    current.update { it.copy(work = Work.Cancelled) }
                    throw cancelled
                } catch (failure: ProblemException) {
                    current.update { it.copy(work = Work.Idle, problem = failure.problem) }
                } catch (failure: LazyDiTException) {
                    val problem = Problem.GenerationFailed(failure.message.orEmpty())
                    current.update { it.copy(work = Work.Idle, problem = problem) }
                }
            }
    }

    private suspend fun measure(
        lazydit: LazyDiT,
        facts: BundleFacts,
    ): Speed {
        current.update { it.copy(work = Work.Measuring) }
        val request = Request(label = 0, steps = MEASURED_STEPS, policy = Policy.EveryN())
        // The first generation of a process also pays for what is made on first use.
        lazydit.draw(request)
        return Speed.measured(lazydit.draw(request)).also { speeds.write(facts, it) }
    }

    private suspend fun draw(
        lazydit: LazyDiT,
        facts: BundleFacts,
    ) {
        val choice = current.value.choice
        val request = choice.request(facts)
        current.update { it.copy(drawing = null) }
        val result = lazydit.draw(request) { running(it, comparison = false) }
        val speed = current.value.speed?.updated(result) ?: Speed.measured(result)
        speeds.write(facts, speed)
        current.update { it.copy(speed = speed, drawing = Drawing(choice.policy, result)) }
        if (choice.policy == PolicyChoice.ALWAYS) return
        val modules = result.trace.run { samples * modules.size }
        val typicalMs = speed.imageMs(result.steps, modules, result.lazyRatio)
        val steps = speed.plainSteps(typicalMs, modules, most = result.steps)
        val plain = Request(choice.label, choice.seed, steps, policy = Policy.Always)
        val comparison = lazydit.draw(plain) { running(it, comparison = true) }
        current.update { it.copy(drawing = it.drawing?.copy(plain = comparison)) }
    }

    private fun unpacking(share: Double) {
        current.update { it.copy(work = Work.Unpacking(share)) }
    }

    private fun running(
        progress: Step.Progress,
        comparison: Boolean,
    ) {
        current.update { it.copy(work = Work.Running(progress.step + 1, progress.steps, comparison)) }
    }

    private companion object {
        const val MEASURED_STEPS = 4
    }
}
