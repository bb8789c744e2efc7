package org.lazydit

import org.json.JSONArray
import org.json.JSONObject
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import kotlin.math.abs
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** The same bundles and requests through Python's runtime, see `tests/runtime/write_reference.py`. */
class PythonParityTest {
    private val cases = JSONArray(reference("cases.json").readText()).objects()

    @TestFactory
    fun `decisions and images are those of the Python runtime`(): List<DynamicTest> =
        cases.groupBy { it.getString("bundle") }.map { (name, cases) ->
            DynamicTest.dynamicTest(name) {
                LazyDiT.open(bundle(name)).use { lazyDiT ->
                    assertTrue(cases.size > 5)
                    cases.forEach { check(lazyDiT, it) }
                }
            }
        }

    private fun check(
        lazyDiT: LazyDiT,
        case: JSONObject,
    ) {
        val name = case.getString("name")
        val request = request(case)
        val result = lazyDiT.draw(request)
        val expected = case.getJSONObject("result")
        checkTrace(name, expected.getJSONObject("trace"), result.trace)
        assertEquals(expected.getInt("steps"), result.steps, name)
        assertEquals(expected.getDouble("guidance"), result.guidance, name)
        assertEquals(expected.getString("policy"), result.policy, name)
        assertEquals(expected.opt("gates").takeIf { it != JSONObject.NULL }, result.gates, name)
        assertEquals(expected.getDouble("lazy_ratio"), result.lazyRatio, 1e-12, name)
        checkLatent(name, floats(reference("$name.latent")), result.latent)
        assertEquals(case.getBoolean("image"), result.image != null, name)
        result.image?.let { assertTrue(it.values.contentEquals(result.latent), name) }
        checkMemory(case.getJSONObject("memory"), lazyDiT.memory(request))
    }

    private fun checkTrace(
        name: String,
        expected: JSONObject,
        trace: Trace,
    ) {
        assertEquals(expected.getJSONArray("timesteps").numbers(), trace.timesteps.map { it.toDouble() }, name)
        assertEquals(expected.getJSONArray("modules").toString(), JSONArray(trace.modules).toString(), name)
        val ran = expected.getJSONArray("ran")
        val scores = expected.getJSONArray("scores")
        assertEquals(ran.length(), trace.steps, name)
        assertEquals(ran.getJSONArray(0).length(), trace.samples, name)
        for (step in 0 until trace.steps) {
            for (sample in 0 until trace.samples) {
                for (module in trace.modules.indices) {
                    val place = "$name [$step, $sample, $module]"
                    val decided = ran.getJSONArray(step).getJSONArray(sample).getBoolean(module)
                    assertEquals(decided, trace.ran(step, sample, module), place)
                    val extended = expected.getJSONArray("extrapolated").getJSONArray(step).getJSONArray(sample)
                    assertEquals(extended.getBoolean(module), trace.extrapolated(step, sample, module), place)
                    val score = scores.getJSONArray(step).getJSONArray(sample).optDouble(module)
                    assertEquals(score, trace.score(step, sample, module).toDouble(), 1e-5, place)
                    assertTrue(trace.moduleMs(step, sample, module) >= 0, place)
                }
            }
        }
    }

    private fun checkLatent(
        name: String,
        expected: FloatArray,
        latent: FloatArray,
    ) {
        assertEquals(expected.size, latent.size, name)
        val largest = expected.maxOf { abs(it) }
        val error = expected.indices.maxOf { abs(expected[it] - latent[it]) }
        println("$name: largest error $error of $largest")
        assertTrue(error <= TOLERANCE * largest, "$name: $error of $largest")
    }

    private fun checkMemory(
        expected: JSONObject,
        memory: Memory,
    ) {
        val found =
            with(memory) {
                mapOf(
                    "total" to total,
                    "cache" to cache,
                    "modulation" to modulation,
                    "activations" to activations,
                    "gates" to gates,
                    "trace" to trace,
                )
            }
        assertEquals(expected.keys().asSequence().associateWith { expected.getLong(it) }, found)
    }

    private fun request(case: JSONObject): Request {
        val wish = case.getJSONObject("request")
        return Request(
            label = wish.getInt("label"),
            seed = wish.getString("seed").toULong(),
            steps = wish.opt("steps") as? Int,
            guidance = (wish.opt("guidance") as? Number)?.toDouble(),
            policy = policy(wish.getJSONObject("policy")),
            noise = if (wish.getBoolean("noise")) floats(reference("${case.getString("name")}.noise")) else null,
        )
    }

    private fun policy(json: JSONObject): Policy =
        when (val name = json.getString("name")) {
            "always" -> Policy.Always
            "lazy" -> {
                val thresholds = json.optJSONArray("thresholds")?.numbers()
                Policy.Lazy(
                    gates = json.opt("gates") as? String,
                    thresholds = thresholds?.let { Thresholds(it[0], it[1]) },
                    maxReuse = maxReuse(json),
                    extrapolate = json.get("extrapolate") as? Boolean,
                    lazyRatio = (json.get("lazy_ratio") as? Number)?.toDouble(),
                )
            }
            "every-n" -> Policy.EveryN(json.getInt("n"), maxReuse(json), json.get("extrapolate") == true)
            "schedule" -> {
                val rows = json.optJSONArray("run")
                val run = rows?.let { List(it.length()) { row -> it.getJSONArray(row).booleans() } }
                Policy.FixedSchedule(run, maxReuse(json))
            }
            else -> error("policy $name")
        }

    private fun maxReuse(json: JSONObject): MaxReuse =
        when (val limit = json.get("max_reuse")) {
            "stored" -> MaxReuse.Stored
            JSONObject.NULL -> MaxReuse.Unlimited
            else -> MaxReuse.AtMost(limit as Int)
        }

    private fun JSONArray.objects() = List(length()) { getJSONObject(it) }

    private fun JSONArray.numbers() = List(length()) { getDouble(it) }

    private fun JSONArray.booleans() = List(length()) { getBoolean(it) }

    private companion object {
        /** Python's ONNX Runtime is of another version, whose kernels may round otherwise. */
        const val TOLERANCE = 1e-4f
    }
}
