package org.lazydit

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

class LazyDiTTest {
    private val demo = File(System.getProperty("lazydit.build"), "demo-android")

    @Test
    fun `a generation ends in one result after one progress per step`() {
        LazyDiT.open(demo).use { lazyDiT ->
            println(lazyDiT.executorReason)
            println(lazyDiT.memory(Request(3)))
            val steps = runBlocking { lazyDiT.generate(Request(3, steps = 10)).toList() }
            assertEquals(11, steps.size)
            println(steps.first())
            val done = steps.last() as Step.Done
            println("${done.result.lazyRatio} ${done.result.gates} ${done.result.timings}")
        }
    }
}
