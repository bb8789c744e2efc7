package org.lazydit.demo

import android.app.Activity
import android.os.Bundle
import android.view.WindowManager
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.json.JSONObject
import org.lazydit.demo.benchmark.BenchmarkCards
import org.lazydit.demo.benchmark.BenchmarkModel
import org.lazydit.demo.benchmark.BenchmarkOrder
import org.lazydit.demo.benchmark.DeviceCondition
import org.lazydit.demo.benchmark.readPlan
import org.lazydit.demo.benchmark.write

/** The screen that measures, for its user or for a computer at the other end of adb. */
class BenchmarkActivity : Activity() {
    private lateinit var retained: Retained
    private lateinit var showing: Job

    /** Outlives the activity when the screen is turned. */
    private class Retained(
        application: DemoApplication,
    ) {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
        val model = BenchmarkModel(application.engine, scope) { DeviceCondition.of(application) }
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_benchmark)
        setActionBar(view(R.id.toolbar))
        actionBar?.setDisplayHomeAsUpEnabled(true)
        // Times of a dimmed screen would be those of a slower processor.
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        val alive = lastNonConfigurationInstance as Retained?
        retained = alive ?: Retained(application as DemoApplication)
        if (alive == null) begin(savedInstanceState)
        val cards = BenchmarkCards(this, retained.model)
        showing = retained.scope.launch { retained.model.state.collect(cards::show) }
    }

    private fun begin(savedInstanceState: Bundle?) {
        val model = retained.model
        model.choose { readPlan(savedInstanceState, default = it) }
        val order = BenchmarkOrder.of(intent)
        if (order == null) model.open() else retained.scope.launch { carryOut(order) }
    }

    private suspend fun carryOut(order: BenchmarkOrder) {
        val model = retained.model
        model.choose { order.plan }
        model.start(order.bundle, order.threads)
        val end = model.state.first { it.report != null || it.problem != null }
        val json = end.report?.json ?: JSONObject().put("failed", end.problem?.words(application.resources))
        getExternalFilesDir(null)?.let { order.answer(it, json) }
    }

    override fun onRetainNonConfigurationInstance(): Any = retained

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        retained.model.state.value.plan
            .write(outState)
    }

    override fun onDestroy() {
        showing.cancel()
        if (!isChangingConfigurations) retained.scope.cancel()
        super.onDestroy()
    }
}
