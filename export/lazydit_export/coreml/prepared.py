"""Functions made ready to run: every type checked, every constant bound."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from lazydit_export.coreml.element_types import Array
from lazydit_export.coreml.faults import UPDATE, Fault
from lazydit_export.coreml.kernels import FLOATS, Call, Kernel, Operand
from lazydit_export.coreml.operators import OPERATORS
from lazydit_export.coreml.program import Constant, Function, Operation

_ONE_THREAD = 32768
"""The most elements that PyTorch converts in one thread; more of them would wait for one another,
which takes milliseconds where the cores have other work."""

_MALFORMED = (ValueError, TypeError, IndexError, KeyError, ArithmeticError, AttributeError)


class PreparedFunction:
    """A function as a list of steps over numbered places, the constants already in theirs.

    Threads may run it at the same time.
    """

    def __init__(self, function: Function) -> None:
        """Work out every type and hold it against the declared one; decompress the weights.

        Fault names the operation that is not known, or whose types are not what they must be.
        """
        self.function = function
        self._places: list[Array | None] = []
        self._numbers: dict[str, int] = {}
        self._operands: dict[str, Operand] = {}
        self._steps: list[tuple[Callable[..., Array], tuple[int, ...], int]] = []
        for value in function.inputs:
            self._operands[value.name] = Operand(value.type, value.name)
            self._place(value.name, None)
        for operation in function.operations:
            self._add(operation)
        self._results = [self._number(self._operands[value.name]) for value in function.outputs]

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The results for these inputs, in the order and shapes of the function.

        Floating-point arrays are float32 on either side; fp16 values are rounded ones.
        """
        places: list[Array | None] = self._places.copy()
        places[: len(inputs)] = inputs
        # Sigmoid and fp16 overflow by design.
        with np.errstate(all="ignore"):
            for run, arguments, place in self._steps:
                places[place] = run(*[places[number] for number in arguments])
        return [array for number in self._results if (array := places[number]) is not None]

    def _add(self, operation: Operation) -> None:
        kernels = self._kernels(operation)
        if len(kernels) != len(operation.outputs):
            raise Fault(f"an operation {operation.type} has {len(operation.outputs)} outputs")
        for output, kernel in zip(operation.outputs, kernels, strict=True):
            if kernel.type != output.type:
                raise Fault(
                    f"the {operation.type} called {output.name} is declared as {output.type} and "
                    f"gives {kernel.type}"
                )
            self._bind(output.name, kernel)

    def _kernels(self, operation: Operation) -> list[Kernel]:
        call = Call(
            operation.type,
            {
                name: tuple(self._operand(argument) for argument in arguments)
                for name, arguments in operation.parameters.items()
            },
        )
        if operation.type == "const":
            value = call.tensor("val")
            kernels = [Kernel(value.type, lambda array: array, (value,), moves=True)]
        elif operation.type in OPERATORS:
            try:
                kernels = OPERATORS[operation.type](call)
            except _MALFORMED as error:
                raise Fault(f"an operation {operation.type} is malformed ({error})") from error
        else:
            raise Fault(f"the operation {operation.type} is not known", UPDATE)
        call.check_all_read()
        return kernels

    def _operand(self, argument: str | Constant) -> Operand:
        if isinstance(argument, str):
            return self._operands[argument]
        array = argument.array
        if argument.type.dtype in FLOATS:
            array = array.astype(np.float32, copy=False)
        return Operand(argument.type, array=array)

    def _bind(self, name: str, kernel: Kernel) -> None:
        rounds = kernel.type.dtype == "fp16" and not kernel.moves
        run = _rounding(kernel.run) if rounds else kernel.run
        constants = [operand.array for operand in kernel.operands]
        if all(array is not None for array in constants):
            with np.errstate(all="ignore"):
                self._operands[name] = Operand(kernel.type, name, run(*constants))
            return
        arguments = tuple(self._number(operand) for operand in kernel.operands)
        self._operands[name] = Operand(kernel.type, name)
        self._steps.append((run, arguments, self._place(name, None)))

    def _number(self, operand: Operand) -> int:
        """The place of an operand; a constant gets one when it is first used."""
        if operand.name not in self._numbers:
            return self._place(operand.name, operand.array)
        return self._numbers[operand.name]

    def _place(self, name: str, array: Array | None) -> int:
        self._places.append(array)
        number = len(self._places) - 1
        if name:
            self._numbers[name] = number
        return number


def _rounding(run: Callable[..., Array]) -> Callable[..., Array]:
    """`run`, and its result rounded to fp16."""
    return lambda *arguments: round_to_fp16(run(*arguments))


def round_to_fp16(array: Array) -> Array:
    """float32 values rounded to the nearest fp16, ties to even.

    By PyTorch, which converts some 20 times faster than NumPy.
    """
    if array.size <= _ONE_THREAD:
        return _round(array)
    pieces = np.split(array.reshape(-1), range(_ONE_THREAD, array.size, _ONE_THREAD))
    return np.concatenate([_round(piece) for piece in pieces]).reshape(array.shape)


def _round(array: Array) -> Array:
    if not array.flags.writeable or array.ndim == 0:
        return array.astype(np.float16).astype(np.float32)
    rounded: Array = torch.from_numpy(array).half().float().numpy()
    return rounded
