package org.pytorch.executorch

import java.nio.FloatBuffer
import java.nio.LongBuffer
import java.nio.ShortBuffer

/** See [Module]. */
public abstract class Tensor internal constructor() {
    public fun shape(): LongArray = signatureOnly()

    public open fun copyDataInto(dst: FloatBuffer): Unit = signatureOnly()

    public open fun copyDataInto(dst: ShortBuffer): Unit = signatureOnly()

    public open fun copyDataInto(dst: LongBuffer): Unit = signatureOnly()

    public companion object {
        @JvmStatic
        public fun fromBlob(
            data: FloatBuffer,
            shape: LongArray,
        ): Tensor = signatureOnly()

        @JvmStatic
        public fun fromBlob(
            data: ShortBuffer,
            shape: LongArray,
        ): Tensor = signatureOnly()

        @JvmStatic
        public fun fromBlob(
            data: LongBuffer,
            shape: LongArray,
        ): Tensor = signatureOnly()
    }
}
