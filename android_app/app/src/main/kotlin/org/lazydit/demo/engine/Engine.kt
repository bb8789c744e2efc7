package org.lazydit.demo.engine

import android.app.ActivityManager
import android.content.Context
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.lazydit.LazyDiT
import org.lazydit.LazyDiTException
import org.lazydit.Options
import java.io.File

/** Opens a bundle when it is first needed and keeps it open; whoever uses it has it alone until done. */
class Engine(
    private val context: Context,
) {
    private val turn = Mutex()
    private val bundles = Bundles(context)
    private var open: LazyDiT? = null

    /**
     * Runs [work] with the bundle called [name], null for the newest that was pushed, or else the app's own.
     * [onUnpacking] is told the share of the app's own bundle that has been unpacked, 0 to 1. A number of [threads]
     * holds for the whole process.
     *
     * @throws ProblemException where there is no bundle to work with, or too little memory for it.
     */
    suspend fun <T> use(
        name: String? = null,
        threads: Int? = null,
        onUnpacking: (Double) -> Unit = {},
        work: suspend (LazyDiT) -> T,
    ): T = turn.withLock { work(withContext(Dispatchers.IO) { opened(name, threads, onUnpacking) }) }

    private fun opened(
        name: String?,
        threads: Int?,
        onUnpacking: (Double) -> Unit,
    ): LazyDiT {
        val directory = bundles.find(name, onUnpacking)
        open?.let { if (it.bundle.directory == directory) return it }
        open?.close()
        open = null
        checkMemory(directory)
        val options = Options(threads = threads, weightCache = File(context.noBackupFilesDir, "weights"))
        return explained { LazyDiT.open(directory, options) }.also { open = it }
    }

    /** The weights are in memory up to twice: as they are in the file, and as the engine packs them. */
    private fun checkMemory(directory: File) {
        val needed = 2 * directory.walk().filter { it.isFile }.sumOf { it.length() }
        val memory = ActivityManager.MemoryInfo()
        context.getSystemService(ActivityManager::class.java)!!.getMemoryInfo(memory)
        val free = memory.availMem - memory.threshold
        if (free < needed) throw ProblemException(Problem.NotEnoughMemory(needed, free.coerceAtLeast(0)))
    }
}

/** What the library refuses, as a problem. */
internal fun <T> explained(work: () -> T): T =
    try {
        work()
    } catch (failure: LazyDiTException) {
        throw ProblemException(Problem.BadBundle(failure.message.orEmpty()), failure)
    }
