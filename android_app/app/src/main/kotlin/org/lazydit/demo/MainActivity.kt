package org.lazydit.demo

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.Menu
import android.view.MenuItem
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.lazydit.demo.generation.GenerationModel
import org.lazydit.demo.generation.RequestCard
import org.lazydit.demo.generation.ResultCards
import org.lazydit.demo.generation.SpeedStore
import org.lazydit.demo.generation.readChoice
import org.lazydit.demo.generation.write

/** The screen that draws digits. */
class MainActivity : Activity() {
    private lateinit var retained: Retained
    private lateinit var showing: Job

    /** Outlives the activity when the screen is turned. */
    private class Retained(
        application: DemoApplication,
    ) {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
        val model = GenerationModel(application.engine, SpeedStore(application), scope)
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_main)
        setActionBar(view(R.id.toolbar))
        // Opened again after the screen was turned: the model has gone on. After the process was ended: only the saved
        // state is left, and since a seed always gives the same picture, it is drawn again.
        val alive = lastNonConfigurationInstance as Retained?
        retained = alive ?: Retained(application as DemoApplication)
        if (alive == null) {
            model.open(readChoice(savedInstanceState), thenDraw = savedInstanceState?.getBoolean(DRAWN) == true)
        }
        val request = RequestCard(this, model)
        val results = ResultCards(this)
        showing =
            retained.scope.launch {
                model.state.collect {
                    request.show(it)
                    results.show(it)
                }
            }
    }

    private val model get() = retained.model

    override fun onRetainNonConfigurationInstance(): Any = retained

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        model.state.value.choice
            .write(outState)
        outState.putBoolean(DRAWN, model.state.value.drawing != null)
    }

    override fun onDestroy() {
        showing.cancel()
        if (!isChangingConfigurations) retained.scope.cancel()
        super.onDestroy()
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.main, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        if (item.itemId != R.id.open_benchmark) return super.onOptionsItemSelected(item)
        startActivity(Intent(this, BenchmarkActivity::class.java))
        return true
    }

    private companion object {
        const val DRAWN = "drawn"
    }
}
