package org.lazydit

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.lazydit.executors.OnnxRuntimeExecutor
import java.lang.management.ManagementFactory
import javax.management.ObjectName
import kotlin.test.assertFails
import kotlin.test.assertTrue

private const val WARM_UP = 50
private const val GENERATIONS = 1000

/** Run by [CheckJniTest] in a JVM that checks every JNI call: every native function, then many generations. */
fun main() {
    everything()
    val request = Request(1, steps = 1, guidance = 1.0, policy = Policy.Always)
    for (name in listOf("tiny-android", "tiny-onnx")) {
        LazyDiT.open(bundle(name), Options(threads = 2)).use { lazyDiT ->
            repeat(WARM_UP) { lazyDiT.draw(request) }
            val before = Living.count()
            repeat(GENERATIONS) { lazyDiT.draw(request) }
            val grown = Living.count().sum - before.sum
            // The JVM comes and goes with a few of its own.
            assertTrue(grown < GENERATIONS / 10, "$grown more after $GENERATIONS generations of $name")
        }
    }
    println(FINISHED)
}

internal const val FINISHED = "every JNI call was checked"

private fun everything() {
    LazyDiT.open(bundle("demo-android"), Options(threads = 2, weightCache = temporaryFolder())).use { lazyDiT ->
        val mask = List(4) { step -> List(12) { (step + it) % 3 != 0 } }
        lazyDiT.draw(Request(1, steps = 10, policy = Policy.Lazy(thresholds = Thresholds(0.6))))
        lazyDiT.draw(Request(1, policy = Policy.FixedSchedule(mask), noise = FloatArray(3072)))
        lazyDiT.memory(Request(1))
        assertFails { lazyDiT.draw(Request(1, steps = 11)) }
        runBlocking { lazyDiT.generate(endless()).first() }
    }
    assertFails { LazyDiT.open(temporaryFolder()) }
    val failing = Watched { program, _, _ -> if (program == "final") error("for a test") }
    LazyDiT.open(bundle("tiny-onnx"), Options(executor = failing)).use { lazyDiT ->
        assertFails { lazyDiT.draw(Request(1)) }
    }
    LazyDiT.open(bundle("tiny-onnx"), Options(executor = OnnxRuntimeExecutor)).close()
}

/** What would grow if a reference were leaked. */
private class Living(
    val globalReferences: Int,
    val buffers: Int,
    val tensors: Int,
    val outcomes: Int,
) {
    val sum: Int get() = globalReferences + buffers + tensors + outcomes

    companion object {
        fun count(): Living {
            val histogram = diagnose("gcClassHistogram")
            val threads = diagnose("threadPrint")
            return Living(
                globalReferences = Regex("JNI global refs: (\\d+)").find(threads)!!.groupValues[1].toInt(),
                buffers = instances(histogram, "java.nio.DirectByteBuffer"),
                tensors = instances(histogram, "org.lazydit.executors.Tensor"),
                outcomes = instances(histogram, "org.lazydit.RunOutcome"),
            )
        }

        private fun instances(
            histogram: String,
            name: String,
        ): Int =
            Regex(
                "(\\d+) +\\d+ +${Regex.escape(name)}( |$)",
                RegexOption.MULTILINE,
            ).find(histogram)?.groupValues?.get(1)?.toInt()
                ?: 0

        private fun diagnose(command: String): String =
            ManagementFactory.getPlatformMBeanServer().invoke(
                ObjectName("com.sun.management:type=DiagnosticCommand"),
                command,
                arrayOf(arrayOf<String>()),
                arrayOf("[Ljava.lang.String;"),
            ) as String
    }
}
