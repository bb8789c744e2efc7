"""What holds between the parts of a manifest: the signature of every program of a gate graph.

Letters: N tokens, D width, L depth, T timesteps of one call, C channels, h x w latent.
"""

from dataclasses import dataclass

from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import GateSetSpec, LazyRatios, Manifest, ProgramSpec, TensorSpec

Tensor = tuple[str, tuple[int | str, ...]]
"""Element type and shape."""


@dataclass(frozen=True)
class Signature:
    """What a program takes and gives, in order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def signatures(manifest: Manifest) -> dict[str, Signature]:
    """The signature that each role of the gate graph asks for: condition, embed, module, ..."""
    model = manifest.model
    hidden: Tensor = (model.activation_type, (1, model.tokens, model.width))
    vector = _float32(1, 1, model.width)
    latent = _float32(1, *model.latent_shape)
    stream = (hidden, hidden, _float32(1, model.width))
    modulation = (_float32("T", model.depth, 6 * model.width), _float32("T", 2 * model.width))
    model_output = _float32(1, model.output_channels, *model.latent_shape[1:])
    return {
        "condition": Signature((("int64", (1,)), _float32("T")), modulation),
        "embed": Signature((latent,), stream),
        "module": Signature((hidden, hidden, vector, vector, vector), (*stream, hidden)),
        "block": Signature((hidden, hidden, *[vector] * 6), (*stream, hidden, hidden)),
        "reuse": Signature((hidden, hidden, vector), stream),
        "extrapolate": Signature((hidden, hidden, hidden, _float32(1, 1, 1), vector), stream),
        "final": Signature((hidden, vector, vector), (model_output,)),
        "decode": Signature((latent,), (_float32(1, *image_shape(manifest)),)),
    }


def _float32(*shape: int | str) -> Tensor:
    return "float32", shape


def image_shape(manifest: Manifest) -> tuple[int, int, int]:
    """(channels, height, width) of the image that decode makes, or of the latent without it."""
    decode = manifest.graph.decode
    if decode is None:
        return manifest.model.latent_shape
    outputs = manifest.programs[decode].outputs if decode in manifest.programs else ()
    shape = outputs[0].shape if outputs else ()
    if len(shape) != 4 or not all(isinstance(size, int) for size in shape):
        raise LazyDiTError(
            f"program {decode} has no output [1, channels, height, width]: export the bundle again"
        )
    _, channels, height, width = (int(size) for size in shape)
    return channels, height, width


def check_manifest(manifest: Manifest) -> None:
    """Raise LazyDiTError unless all parts of the manifest fit together."""
    _check_model(manifest)
    _check_modules(manifest)
    roles = signatures(manifest)
    graph = manifest.graph
    _check_program(manifest, graph.condition.program, roles["condition"])
    _check_program(manifest, graph.embed, roles["embed"])
    for module in graph.modules:
        _check_program(manifest, module.program, roles["module"])
        _check_program(manifest, module.reuse, roles["reuse"])
    for block in graph.blocks:
        _check_program(manifest, block, roles["block"])
    if graph.extrapolate is not None:
        _check_program(manifest, graph.extrapolate, roles["extrapolate"])
    _check_program(manifest, graph.final, roles["final"])
    if graph.decode is not None:
        _check_program(manifest, graph.decode, roles["decode"])
    names = [gate_set.name for gate_set in manifest.gate_sets]
    for gate_set in manifest.gate_sets:
        _require(names.count(gate_set.name) == 1, f"two gate sets are called {gate_set.name}")
        _check_gate_set(manifest, gate_set)
    step_counts = [ratios.steps for ratios in manifest.lazy_ratios]
    for ratios in manifest.lazy_ratios:
        _require(
            step_counts.count(ratios.steps) == 1,
            f"lazy_ratios lists {ratios.steps} steps more than once",
        )
        _check_lazy_ratios(manifest, ratios)


def _check_model(manifest: Manifest) -> None:
    model = manifest.model
    channels, height, width = model.latent_shape
    patches = (height // model.patch_size) * (width // model.patch_size)
    _require(
        model.tokens == patches and not (height % model.patch_size or width % model.patch_size),
        f"model.tokens is {model.tokens}, which latent_shape and patch_size do not give",
    )
    _require(
        model.output_channels in (channels, 2 * channels),
        f"model.output_channels is {model.output_channels} for {channels} channels",
    )
    _require(
        model.guidance_channels <= channels,
        f"model.guidance_channels is {model.guidance_channels} of {channels} channels",
    )
    _require(
        (model.image == "decode") == (manifest.graph.decode is not None),
        "model.image and graph.decode disagree",
    )
    _require(
        model.image is None or image_shape(manifest)[0] in (1, 3),
        "the image has neither one channel nor three",
    )
    _require(
        manifest.defaults.steps <= manifest.diffusion.train_steps,
        f"defaults.steps is {manifest.defaults.steps} of {manifest.diffusion.train_steps}",
    )
    _require(
        manifest.diffusion.beta_start <= manifest.diffusion.beta_end,
        "diffusion.beta_start is above diffusion.beta_end",
    )


def _check_modules(manifest: Manifest) -> None:
    modules = manifest.graph.modules
    depth = manifest.model.depth
    _require(
        len(modules) == 2 * depth, f"graph.modules lists {len(modules)} modules for depth {depth}"
    )
    for index, module in enumerate(modules):
        _require(
            (module.block, module.kind) == (index // 2, ("attn", "mlp")[index % 2]),
            f"graph.modules[{index}] is {module.kind} of block {module.block}, out of order",
        )
    blocks = len(manifest.graph.blocks)
    _require(blocks in (0, depth), f"graph.blocks lists {blocks} programs for depth {depth}")
    _require(len({m.reuse for m in modules}) == 1, "graph.modules name several reuse programs")


def _check_program(manifest: Manifest, name: str, signature: Signature) -> None:
    _require(name in manifest.programs, f"program {name} is in the gate graph only")
    program: ProgramSpec = manifest.programs[name]
    _require(
        program.file in manifest.files or bool(manifest.files_in(program.file)),
        f"{program.file} of program {name} is not listed in files",
    )
    _check_tensors(f"programs.{name}.inputs", program.inputs, signature.inputs)
    _check_tensors(f"programs.{name}.outputs", program.outputs, signature.outputs)


def _check_tensors(where: str, tensors: tuple[TensorSpec, ...], wanted: tuple[Tensor, ...]) -> None:
    _require(
        len(tensors) == len(wanted), f"{where} lists {len(tensors)} tensors, not {len(wanted)}"
    )
    for index, (tensor, (dtype, shape)) in enumerate(zip(tensors, wanted, strict=True)):
        _require(
            tensor.shape == shape and tensor.dtype == dtype,
            f"{where}[{index}] is {tensor.dtype} {list(tensor.shape)} and should be "
            f"{dtype} {list(shape)}",
        )


def _check_gate_set(manifest: Manifest, gate_set: GateSetSpec) -> None:
    where, steps = f"gate set {gate_set.name}", gate_set.steps
    times, alphas = gate_set.timesteps, gate_set.alphas_cumprod
    _require(
        len(times) == steps and len(alphas) == steps,
        f"{where} is for {steps} steps but lists {len(times)} timesteps and {len(alphas)} alphas",
    )
    _require(
        times[0] < manifest.diffusion.train_steps and all(a > b for a, b in _pairs(times)),
        f"the timesteps of {where} do not descend within the training timesteps",
    )
    _require(all(a < b for a, b in _pairs(alphas)), f"the alphas of {where} do not ascend")
    _require(
        not gate_set.extrapolate or manifest.graph.extrapolate is not None,
        f"{where} extrapolates and graph.extrapolate names no program",
    )
    entry = manifest.files.get(gate_set.file)
    if entry is None:
        raise LazyDiTError(_sentence(f"{gate_set.file} of {where} is not listed in files"))
    modules, width = len(manifest.graph.modules), manifest.model.width
    expected = steps * modules * width * 4
    _require(
        entry.bytes == expected,
        f"{gate_set.file} has {entry.bytes} bytes and {where} needs {expected} "
        f"({steps} steps, {modules} modules, width {width})",
    )


def _check_lazy_ratios(manifest: Manifest, ratios: LazyRatios) -> None:
    where = f"lazy_ratios of {ratios.steps} steps"
    steps = {gate_set.name: gate_set.steps for gate_set in manifest.gate_sets}
    for point in ratios.points:
        _require(
            steps.get(point.gates) == ratios.steps, f"{where} name {point.gates}, no gate set of it"
        )
        inside = all(0 < value < 1 for value in (point.thresholds.attn, point.thresholds.mlp))
        _require(inside, f"{where} hold a threshold that is not within 0 and 1")
    measured = tuple(point.lazy_ratio for point in ratios.points)
    _require(all(a <= b for a, b in _pairs(measured)), f"{where} do not ascend")


def _pairs(values: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(values, values[1:], strict=False))


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise LazyDiTError(_sentence(problem))


def _sentence(problem: str) -> str:
    return f"the bundle's manifest is wrong, {problem}: export the bundle again"
