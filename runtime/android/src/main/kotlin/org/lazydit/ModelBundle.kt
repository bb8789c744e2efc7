package org.lazydit

import java.io.File

/**
 * What is in a bundle, whose files have been checked against its manifest.
 *
 * @property target what it was exported for: `android` (ExecuTorch programs) or `onnx`.
 * @property latentShape channels, height, width.
 * @property formats versions of what the engine has to read, such as `onnx_opset`.
 * @property programs in the manifest's order.
 */
public class ModelBundle internal constructor(
    internal val handle: BundleHandle,
    public val directory: File,
    description: BundleDescription,
) {
    public val name: String = description.name
    public val target: String = description.target
    public val precision: String = description.precision
    public val formats: Map<String, Long> =
        description.formatNames.zip(description.formatVersions.asIterable()).toMap()

    /** Labels are 0 to numClasses - 1. */
    public val numClasses: Int = description.numClasses
    public val latentShape: List<Int> = description.latentShape.map { it.toInt() }
    public val defaultSteps: Int = description.defaultSteps
    public val defaultGuidance: Double = description.defaultGuidance
    public val modules: List<String> = description.modules.asList()
    public val gateSets: List<GateSet> = description.gateSets.asList()
    public val programs: List<Program> = description.programs.asList()

    /** For every step count at which a lazy ratio may be wished for, those that were measured, ascending. */
    public val lazyRatios: Map<Int, List<Double>> =
        description.lazyRatioSteps
            .map { it.toInt() }
            .zip(description.lazyRatios.map { it.asList() })
            .toMap()
}

/**
 * Learned gates for one step count.
 *
 * @property thresholds,maxReuse,extrapolate those that they were made with.
 */
public class GateSet internal constructor(
    public val name: String,
    public val steps: Int,
    thresholdAttn: Double,
    thresholdMlp: Double,
    mostReuse: Int,
    public val extrapolate: Boolean,
) {
    public val thresholds: Thresholds = Thresholds(thresholdAttn, thresholdMlp)
    public val maxReuse: MaxReuse = if (mostReuse == 0) MaxReuse.Unlimited else MaxReuse.AtMost(mostReuse)
}

/**
 * One lowered piece of the model.
 *
 * @property file within the bundle; [method] is its place in the file.
 */
public class Program internal constructor(
    public val name: String,
    public val file: String,
    public val method: String,
    inputs: Array<TensorSpec>,
    outputs: Array<TensorSpec>,
) {
    public val inputs: List<TensorSpec> = inputs.asList()
    public val outputs: List<TensorSpec> = outputs.asList()
}

/**
 * A tensor as the manifest declares it.
 *
 * @property dtype `float32`, `float16` or `int64`.
 * @property shape -1 stands for the number of timesteps of one call.
 */
public class TensorSpec internal constructor(
    public val name: String,
    public val dtype: String,
    shape: LongArray,
) {
    public val shape: List<Long> = shape.asList()
}
