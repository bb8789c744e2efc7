package org.lazydit.demo.benchmark

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
import org.lazydit.demo.engine.BundleFacts
import org.lazydit.demo.engine.Engine
import org.lazydit.demo.engine.Problem
import org.lazydit.demo.engine.ProblemException

/** Everything that the benchmark's screen shows; [progress] is null while nothing runs. */
data class BenchmarkState(
    val plan: BenchmarkPlan = BenchmarkPlan(),
    val facts: BundleFacts? = null,
    val progress: Progress? = null,
    val report: BenchmarkReport? = null,
    val problem: Problem? = null,
) {
    /** Of all images, the ones to warm up included; [images] is 0 until the bundle is open. */
    data class Progress(
        val done: Int,
        val images: Int,
    )
}

/** What happens on the benchmark's screen, without its views. To be called on the thread of [scope]. */
class BenchmarkModel(
    private val engine: Engine,
    private val scope: CoroutineScope,
    private val condition: () -> DeviceCondition,
) {
    private val current = MutableStateFlow(BenchmarkState())
    private var job: Job? = null

    val state: StateFlow<BenchmarkState> = current.asStateFlow()

    fun open() = work(bundle = null, threads = null) {}

    fun choose(change: (BenchmarkPlan) -> BenchmarkPlan) {
        current.update { it.copy(plan = change(it.plan)) }
    }

    /** With the bundle called [bundle] and as many [threads] as the library takes by itself where that is null. */
    fun start(
        bundle: String? = null,
        threads: Int? = null,
    ) = work(bundle, threads) { lazydit ->
        if (condition().batteryLow) throw ProblemException(Problem.LowBattery(condition().batteryPercent ?: 0))
        val plan = current.value.plan
        val cases = casesOf(plan, lazydit)
        val images = cases.size * (plan.rounds + 1)
        val conditions = mutableListOf<DeviceCondition>()
        val all =
            measure(
                lazydit,
                cases,
                plan.rounds,
                onImage = { done -> current.update { it.copy(progress = BenchmarkState.Progress(done, images)) } },
                onRound = { conditions += condition() },
            )
        current.update { it.copy(report = reportOf(lazydit, plan, threads, all, conditions)) }
    }

    fun cancel() {
        job?.cancel()
    }

    private fun work(
        bundle: String?,
        threads: Int?,
        task: suspend (LazyDiT) -> Unit,
    ) {
        if (job?.isActive == true) return
        job =
            scope.launch {
                current.update { it.copy(progress = BenchmarkState.Progress(0, 0), report = null, problem = null) }
                val problem =
                    try {
                        engine.use(bundle, threads) { lazydit ->
                            current.update { it.copy(facts = BundleFacts.of(lazydit)) }
                            task(lazydit)
                        }
                        null
                    } catch (cancelled: CancellationException) {
                        current.update { it.copy(progress = null) }
                        throw cancelled
                    } catch (failure: ProblemException) {
                        failure.problem
                    } catch (failure: LazyDiTException) {
                        Problem.GenerationFailed(failure.message.orEmpty())
                    }
                current.update { it.copy(progress = null, problem = problem) }
            }
    }
}
