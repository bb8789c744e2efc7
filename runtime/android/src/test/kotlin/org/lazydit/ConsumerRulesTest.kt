package org.lazydit

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ConsumerRulesTest {
    @Test
    fun `the rules keep every class that C++ finds by name`() {
        val sources = File("src/main/cpp/java_classes.cc").readText()
        val found =
            Regex("(?:found|FindClass)\\((?:env, )?\"(org/lazydit/[^\"]+)\"\\)")
                .findAll(sources)
                .map { it.groupValues[1].replace('/', '.') }
                .toSet()
        val kept =
            Regex("-keep class (org\\.lazydit\\.\\S+)")
                .findAll(File("consumer-rules.pro").readText())
                .map { it.groupValues[1] }
                .toSet()
        assertTrue(found.size > 10)
        assertEquals(found, kept)
    }
}
