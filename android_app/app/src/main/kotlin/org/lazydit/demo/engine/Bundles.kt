package org.lazydit.demo.engine

import android.content.Context
import org.lazydit.bundles.AssetBundle
import org.lazydit.bundles.BundleStore
import java.io.File

/**
 * The bundles that the app can use: those that `lazydit-export --install` pushed into its external folder, and the one
 * in its assets, which is unpacked on first use.
 */
class Bundles(
    private val context: Context,
) {
    private val pushed get() = File(context.getExternalFilesDir(null), "bundles")

    /**
     * The folder of the bundle called [name], null for the newest that was pushed, or else the app's own.
     *
     * @throws ProblemException where there is none.
     */
    fun find(
        name: String?,
        onUnpacking: (Double) -> Unit,
    ): File {
        val found = all().filter { name == null || it.name == name }.maxByOrNull { it.manifest.lastModified() }
        return found ?: if (name == null) unpacked(onUnpacking) else throw ProblemException(Problem.NoBundle)
    }

    /** A name that begins with a dot is a bundle that is still being pushed. */
    private fun all(): List<File> =
        pushed.listFiles().orEmpty().filter { !it.name.startsWith('.') && it.manifest.isFile }

    private val File.manifest get() = File(this, "manifest.json")

    private fun unpacked(onUnpacking: (Double) -> Unit): File {
        if (context.assets.list(ASSET).isNullOrEmpty()) throw ProblemException(Problem.NoBundle)
        return explained {
            BundleStore(File(context.noBackupFilesDir, "bundle"))
                .install(AssetBundle(context.assets, ASSET)) { done, total -> onUnpacking(done.toDouble() / total) }
        }
    }

    private companion object {
        const val ASSET = "lazydit-android"
    }
}
