package org.lazydit

import org.lazydit.executors.ExecutorFactory
import java.io.File

/**
 * How a bundle is opened.
 *
 * @property executor the one to run it, such as [org.lazydit.executors.OnnxRuntimeExecutor]; null picks the first of
 *   native, ExecuTorch's AAR and ONNX Runtime that can run the bundle.
 * @property threads how many an engine uses, from 1; null: the engine's own choice. The whole process has one number:
 *   the first `open` sets it, another number later is refused, and null later takes what is set.
 * @property weightCache folder for weights as the native executor's engine packs them for this processor, which makes
 *   every load but the first fast; null keeps none. Give one that only the app can write, in `Context.noBackupFilesDir`.
 */
public data class Options(
    val executor: ExecutorFactory? = null,
    val threads: Int? = null,
    val weightCache: File? = null,
) {
    init {
        if (threads != null && threads < 1) {
            throw LazyDiTException("$threads threads cannot run anything: choose 1 or more")
        }
    }
}
