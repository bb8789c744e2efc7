"""Operators that move values about without changing them."""

import functools
from collections.abc import Callable, Mapping

import numpy as np

from lazydit_export.coreml.element_types import Array
from lazydit_export.coreml.faults import Fault
from lazydit_export.coreml.kernels import (
    INTEGERS,
    Call,
    Kernel,
    Operand,
    known_count,
    same_dtype,
    text_of,
)
from lazydit_export.coreml.program import Shape, TensorType


def _moved(x: Operand, shape: Shape, run: Callable[..., Array], *others: Operand) -> list[Kernel]:
    return [Kernel(TensorType(x.dtype, shape), run, (x, *others), moves=True)]


def _identity(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    return _moved(x, x.shape, _reshaped(x.shape))


def _reshape(call: Call) -> list[Kernel]:
    x, sizes = call.tensor("x"), call.integers("shape")
    open_sizes = x.shape.count(None)
    fixed = known_count(tuple(size for size in sizes if size != -1))
    count = known_count(x.shape)
    missing: int | None = None
    if sizes.count(-1) == 1 and open_sizes == 0:
        missing = count // max(fixed, 1)
        fits = missing * fixed == count
    else:
        # T can only stand for the size that is left open.
        fits = sizes.count(-1) == open_sizes <= 1 and fixed == count
    if not fits or any(size < -1 for size in sizes):
        raise Fault(f"a tensor of shape {text_of(x.shape)} cannot be reshaped to {sizes}")
    shape = tuple(missing if size == -1 else size for size in sizes)
    return _moved(x, shape, _reshaped(shape))


def _reshaped(shape: Shape) -> Callable[[Array], Array]:
    """A function that reshapes to this, of which T is what remains."""
    sizes = tuple(-1 if size is None else size for size in shape)
    if sizes.count(-1) > 1:
        raise Fault(f"a tensor of shape {text_of(shape)} has more than one open size")
    return lambda x: x.reshape(sizes)


def _transpose(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    order = call.axes("perm", len(x.shape))
    if len(order) != len(x.shape):
        raise Fault(f"a tensor of shape {text_of(x.shape)} is transposed to {len(order)} axes")
    shape = tuple(x.shape[axis] for axis in order)
    return _moved(x, shape, lambda array: array.transpose(order))


def _expand_dims(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    rank = len(x.shape) + len(call.integers("axes"))
    axes = call.axes("axes", rank)
    sizes = iter(x.shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    return _moved(x, shape, lambda array: np.expand_dims(array, axes))


def _squeeze(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    axes = call.axes("axes", len(x.shape))
    if any(x.shape[axis] != 1 for axis in axes):
        raise Fault(f"a tensor of shape {text_of(x.shape)} is squeezed along {list(axes)}")
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    return _moved(x, shape, lambda array: np.squeeze(array, axes))


def _concat(call: Call) -> list[Kernel]:
    values = call.tensors("values")
    same_dtype(call, *values)
    shapes = [value.shape for value in values]
    axis = call.axis("axis", len(shapes[0]))
    if call.flag("interleave", False):
        raise Fault("the interleaving concat is not known")
    around = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    sizes = [shape[axis] for shape in shapes if len(shape) == len(shapes[0])]
    if len(around) != 1 or len(sizes) != len(shapes) or None in sizes:
        raise Fault(f"tensors of {text_of(*shapes)} are put together along axis {axis}")
    total = sum(size for size in sizes if size is not None)
    shape = (*shapes[0][:axis], total, *shapes[0][axis + 1 :])
    return _moved(values[0], shape, lambda *arrays: np.concatenate(arrays, axis=axis), *values[1:])


def _split(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    axis = call.axis("axis", len(x.shape))
    size = x.shape[axis]
    if size is None:
        raise Fault(f"a tensor of shape {text_of(x.shape)} is split along axis {axis}")
    if call.has("split_sizes"):
        sizes = call.integers("split_sizes")
        if call.has("num_splits") and call.integer("num_splits") != len(sizes):
            raise Fault(f"a split into {len(sizes)} names another number of pieces")
    else:
        pieces = call.integer("num_splits")
        sizes = [size // pieces] * pieces if pieces > 0 and size % pieces == 0 else []
    if min(sizes, default=0) < 1 or sum(sizes) != size:
        raise Fault(f"a tensor of shape {text_of(x.shape)} is split along axis {axis} to {sizes}")
    ends = np.cumsum(sizes).tolist()
    return [
        kernel
        for end, part in zip(ends, sizes, strict=True)
        for kernel in _sliced(x, {axis: slice(end - part, end)})
    ]


def _sliced(x: Operand, slices: Mapping[int, slice]) -> list[Kernel]:
    """A slice along each of some axes; their sizes must be known."""
    shape = list(x.shape)
    for axis, part in slices.items():
        size = shape[axis]
        if size is None:
            raise Fault(f"a tensor of shape {text_of(x.shape)} is sliced along axis {axis}")
        shape[axis] = len(range(*part.indices(size)))
    index = tuple(slices.get(axis, slice(None)) for axis in range(len(shape)))
    return _moved(x, tuple(shape), lambda array: array[index])


def _slice_by_size(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    begins, sizes = call.integers("begin"), call.integers("size")
    if not len(begins) == len(sizes) == len(x.shape):
        raise Fault(f"a slice of a tensor of shape {text_of(x.shape)} names {len(begins)} axes")
    slices = {}
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        there = x.shape[axis]
        if begin == 0 and size in (-1, there):
            continue
        end = there if size == -1 else begin + size
        if there is None or end is None or not 0 <= begin < end <= there:
            raise Fault(f"a slice leaves a tensor of shape {text_of(x.shape)} along axis {axis}")
        slices[axis] = slice(begin, end)
    return _sliced(x, slices)


def _slice_by_index(call: Call) -> list[Kernel]:
    x = call.tensor("x")
    rank = len(x.shape)
    begins, ends = call.integers("begin"), call.integers("end")
    strides = call.integers("stride", [1] * rank)
    masks = {
        name: [bool(value) for value in call.constant(name, ("bool",)).tolist()]
        if call.has(name)
        else [False] * rank
        for name in ("begin_mask", "end_mask", "squeeze_mask")
    }
    lengths = {len(values) for values in (begins, ends, strides)}
    if lengths | {len(values) for values in masks.values()} != {rank}:
        raise Fault(f"a slice of a tensor of shape {text_of(x.shape)} has not {rank} axes")
    if any(masks["squeeze_mask"]) or min(strides, default=1) < 1:
        raise Fault("a slice that squeezes or runs backwards is not known")
    slices = {}
    for axis in range(rank):
        begin = None if masks["begin_mask"][axis] else begins[axis]
        end = None if masks["end_mask"][axis] else ends[axis]
        if (begin or 0, end, strides[axis]) != (0, None, 1):
            slices[axis] = slice(begin, end, strides[axis])
    return _sliced(x, slices)


def _gather(call: Call) -> list[Kernel]:
    x, indices = call.tensor("x"), call.tensor("indices")
    axis = call.axis("axis", len(x.shape), 0)
    call.flag("validate_indices", False)
    if call.integer("batch_dims", 0) != 0:
        raise Fault("a gather with batch dimensions is not known")
    size = x.shape[axis]
    if indices.dtype not in INTEGERS or size is None:
        raise Fault(f"a gather takes indices of type {indices.dtype}, x of {text_of(x.shape)}")
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return _moved(x, shape, functools.partial(_taken, axis, size), indices)


def _taken(axis: int, size: int, x: Array, indices: Array) -> Array:
    if indices.size and not (-size <= int(indices.min()) and int(indices.max()) < size):
        raise Fault(f"a gather takes indices {indices.tolist()} of {size}", "check the inputs")
    return np.take(x, indices, axis=axis)


MOVEMENT: Mapping[str, Callable[[Call], list[Kernel]]] = {
    "identity": _identity,
    "reshape": _reshape,
    "transpose": _transpose,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "concat": _concat,
    "split": _split,
    "slice_by_size": _slice_by_size,
    "slice_by_index": _slice_by_index,
    "gather": _gather,
}
