package org.lazydit

/**
 * Bytes that one generation allocates. The engine's own memory (weights, arenas) comes on top.
 *
 * @property total all of the others and the small rest.
 * @property cache outputs of modules kept for reuse.
 * @property modulation of all steps.
 * @property gates the policy's gates or schedule.
 */
public data class Memory(
    val total: Long,
    val cache: Long,
    val modulation: Long,
    val activations: Long,
    val gates: Long,
    val trace: Long,
)
