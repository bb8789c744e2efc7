package org.lazydit.executors

import org.lazydit.LazyDiTException
import org.lazydit.ModelBundle

/** The fastest first. */
private val ALL: List<ExecutorFactory> = listOf(NativeExecutor, ExecuTorchExecutor, OnnxRuntimeExecutor)

/** [reason] is one sentence. */
internal class ExecutorChoice(
    val factory: ExecutorFactory,
    val reason: String,
)

/** @throws LazyDiTException where the `forced` executor, or without one all, cannot run `bundle`. */
internal fun chooseExecutor(
    bundle: ModelBundle,
    forced: ExecutorFactory?,
): ExecutorChoice {
    if (forced != null) {
        val obstacle = forced.obstacle(bundle) ?: return ExecutorChoice(forced, "${forced.name}, as the options say")
        throw LazyDiTException("executor ${forced.name} cannot run this bundle ($obstacle): choose another executor")
    }
    val obstacles = mutableListOf<String>()
    for (factory in ALL) {
        val obstacle = factory.obstacle(bundle)
        if (obstacle == null) {
            val others = obstacles.joinToString("") { "; not $it" }
            return ExecutorChoice(
                factory,
                "${factory.name}, the first that can run bundles for ${bundle.target}$others",
            )
        }
        obstacles += "${factory.name}, since $obstacle"
    }
    throw LazyDiTException(
        "no executor can run this bundle (not ${obstacles.joinToString("; not ")}): add an engine to the app, or " +
            "export the bundle for one that it has",
    )
}
