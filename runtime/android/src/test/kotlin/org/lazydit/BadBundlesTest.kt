package org.lazydit

import java.io.File
import java.io.RandomAccessFile
import java.nio.file.Files
import kotlin.test.Test
import kotlin.test.assertFailsWith

class BadBundlesTest {
    @Test
    fun `no bundle`() = refused(File("/nowhere/at all"), "no bundle at /nowhere/at all", "manifest.json")

    @Test
    fun `a path that is not in Latin letters`() =
        refused(File("/nowhere/\u65e5\u672c \ud83d\ude00"), "\u65e5\u672c \ud83d\ude00")

    @Test
    fun `a manifest that is no JSON`() =
        damaged("not readable JSON") { File(it, "manifest.json").writeText("{\"schema") }

    @Test
    fun `a manifest of the future`() =
        damaged("schema 999", "update") { rewrite(it, "\"schema_version\": 1", "\"schema_version\": 999") }

    @Test
    fun `a manifest that contradicts itself`() = damaged("depth") { rewrite(it, "\"depth\": 3", "\"depth\": 4") }

    @Test
    fun `a truncated program`() =
        damaged("bytes instead of", "truncated") {
            RandomAccessFile(program(it), "rw").use { file ->
                file.setLength(100)
            }
        }

    @Test
    fun `a program with one other byte`() =
        damaged("sha256") { folder ->
            RandomAccessFile(program(folder), "rw").use { file ->
                file.seek(200)
                val byte = file.read()
                file.seek(200)
                file.write(byte xor 1)
            }
        }

    @Test
    fun `a missing program`() = damaged("missing") { program(it).delete() }

    @Test
    fun `a program that is a link`() =
        damaged("link") { folder ->
            val program = program(folder)
            val elsewhere = File(temporaryFolder(), "elsewhere.pte")
            program.renameTo(elsewhere)
            Files.createSymbolicLink(program.toPath(), elsewhere.toPath())
        }

    @Test
    fun `a target that no executor runs`() =
        damaged("no executor can run this bundle", "target watch") {
            rewrite(it, "\"target\": \"android\"", "\"target\": \"watch\"")
        }

    private fun program(folder: File) = File(folder, "condition.pte")

    private fun rewrite(
        folder: File,
        old: String,
        new: String,
    ) {
        val manifest = File(folder, "manifest.json")
        val text = manifest.readText()
        check(old in text)
        manifest.writeText(text.replace(old, new))
    }

    private fun damaged(
        vararg parts: String,
        damage: (File) -> Unit,
    ) {
        val folder = copyOf("tiny-android")
        damage(folder)
        refused(folder, *parts)
        folder.deleteRecursively()
    }

    private fun refused(
        folder: File,
        vararg parts: String,
    ) = assertSentence(assertFailsWith<LazyDiTException> { LazyDiT.open(folder) }, *parts)
}
