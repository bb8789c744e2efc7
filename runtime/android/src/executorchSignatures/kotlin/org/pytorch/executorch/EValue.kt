package org.pytorch.executorch

/** See [Module]. */
public class EValue private constructor() {
    public fun isTensor(): Boolean = signatureOnly()

    public fun toTensor(): Tensor = signatureOnly()

    public companion object {
        @JvmStatic
        public fun from(tensor: Tensor): EValue = signatureOnly()
    }
}
