"""A flax model as the nodes of a case: its jaxpr, with the module every equation came from.

The model is traced unquantized, because a case states the float graph and leaves quantization to its
rules. Flax names its modules on jaxpr equations; what Qwix or a case takes as one op (einsum, gelu,
softmax, ...) is marked while tracing, so that it arrives as one equation. Equations a case has no op
for are all listed in one error. Whether the nodes are the model is not argued here: `recording` runs
both and compares bits.
"""

import contextlib
import dataclasses
import json
import string

from flax import linen as nn
import jax
from jax import numpy as jnp
from jax.extend import core
import numpy as np
from opt_einsum.parser import parse_einsum_input

from . import primitives

_MARK = "mxcheck:"


class Untranslatable(ValueError):
    """The model computes something a case cannot say."""


@dataclasses.dataclass
class Traced:
    """The nodes of a case, the constants they need, and the names of the results."""

    nodes: list[dict]
    constants: dict[str, np.ndarray]
    outputs: list[str]


def _marked(op: str, attributes: dict, compute):
    """`compute` as one equation that says which op of the case format it is."""
    def run(*operands):
        return compute(*operands)

    run.__name__ = _MARK + json.dumps([op, attributes])
    return jax.jit(run)


def _mark_einsum(original):
    def einsum(equation, *operands, **settings):
        if not isinstance(equation, str) or len(operands) != 2:
            return original(equation, *operands, **settings)
        compute = lambda *xs: original(equation, *xs, **settings)
        return _marked("einsum", {"equation": _spelled_out(equation, operands)}, compute)(*operands)

    return einsum


def _spelled_out(equation: str, operands) -> str:
    """An equation with a letter for every axis and its result stated: "...d,df" -> "abd,df->abf"."""
    inputs, output, _ = parse_einsum_input((equation, *(np.empty(x.shape) for x in operands)))
    letters = dict.fromkeys(symbol for symbol in inputs + output if symbol not in ",")
    plain = iter(symbol for symbol in string.ascii_letters if symbol not in letters)
    names = {symbol: symbol if symbol in string.ascii_letters else next(plain) for symbol in letters}
    return "".join(names.get(symbol, symbol) for symbol in f"{inputs}->{output}")


def _mark_gelu(original):
    def gelu(x, approximate=True):
        attributes = {"approximate": bool(approximate)}
        return _marked("gelu", attributes, lambda x: original(x, approximate))(x)

    return gelu


def _mark_silu(original):
    return lambda x: _marked("silu", {}, original)(x)


def _mark_along_axis(op: str):
    def mark(original):
        def along_axis(x, axis=-1, **settings):
            if settings or not isinstance(axis, int):
                return original(x, axis=axis, **settings)
            return _marked(op, {"axis": axis % x.ndim}, lambda x: original(x, axis=axis))(x)

        return along_axis

    return mark


_MARKS = (
    (jnp, "einsum", _mark_einsum),
    *((place, "gelu", _mark_gelu) for place in (jax.nn, nn, nn.activation)),
    *((place, name, _mark_silu) for place in (jax.nn, nn, nn.activation) for name in ("silu", "swish")),
    *((place, name, _mark_along_axis(name)) for place in (jax.nn, nn, nn.activation)
      for name in ("softmax", "log_softmax")),
)


@contextlib.contextmanager
def marking():
    """Inside, the composite functions of jax.nn, flax.linen and jnp mark themselves."""
    saved = [(place, name, getattr(place, name)) for place, name, _ in _MARKS]
    for place, name, mark in _MARKS:
        setattr(place, name, mark(getattr(place, name)))
    try:
        yield
    finally:
        for place, name, original in saved:
            setattr(place, name, original)


def trace(model: nn.Module, params: dict, arguments: dict) -> Traced:
    """The nodes of `model.apply({"params": params}, *arguments.values())`.

    `params` is flat, by `module/path/param`; `arguments` by name, in order.
    """
    modules: set[str] = {""}

    def note_module(call, args, kwargs, context):
        modules.add("/".join(context.module.path))
        return call(*args, **kwargs)

    def run(params, arguments):
        from .runner import nest

        with nn.intercept_methods(note_module):
            return model.apply({"params": nest(params)}, *arguments)

    with marking():
        closed = jax.make_jaxpr(run)(params, list(arguments.values()))
    names = [*sorted(params), *arguments]
    return _Translation(modules).graph(closed, names)


class _Translation:
    """Turns equations into nodes; values are names (of nodes, params, inputs) or constants."""

    def __init__(self, modules: set[str]):
        self.modules = modules
        self.nodes: list[dict] = []
        self.constants: dict[str, np.ndarray] = {}
        self.refused: list[str] = []
        self.values: dict = {}
        self._counts: dict[str, int] = {}
        self._window_sums: dict = {}  # Variable -> its equation and operand.

    def graph(self, closed, names: list[str]) -> Traced:
        jaxpr = closed.jaxpr
        assert len(names) == len(jaxpr.invars)
        self.values.update(zip(jaxpr.invars, names))
        self._run(jaxpr, closed.consts, "")
        if self.refused:
            listed = "\n".join(f"  {line}" for line in sorted(set(self.refused)))
            raise Untranslatable(f"the case format has no op for\n{listed}")
        outputs = [self._name_of(self._value(var)) for var in jaxpr.outvars]
        made = {node["name"] for node in self.nodes}
        for output in outputs:
            if output not in made:
                raise Untranslatable(f"a result of the model is {output} itself: nothing is computed")
        self._prune(set(outputs))
        return Traced(self.nodes, self.constants, outputs)

    def _value(self, var):
        return np.asarray(var.val) if isinstance(var, core.Literal) else self.values[var]

    def _name_of(self, value) -> str:
        """The name of a value; a constant becomes an input of the case."""
        if isinstance(value, str):
            return value
        for name, known in self.constants.items():
            if known.dtype == value.dtype and known.shape == value.shape and known.tobytes() == value.tobytes():
                return name
        name = f"constant{len(self.constants)}"
        self.constants[name] = value
        return name

    def _run(self, jaxpr, consts, around: str) -> None:
        self.values.update(zip(jaxpr.constvars, map(np.asarray, consts)))
        for equation in jaxpr.eqns:
            stack = "/".join(part for part in (around, str(equation.source_info.name_stack)) if part)
            self._equation(equation, stack)

    def _equation(self, equation, stack: str) -> None:
        values = [self._value(var) for var in equation.invars]
        name = str(equation.params.get("name", ""))
        if name.startswith(_MARK):
            op, attributes = json.loads(name[len(_MARK):])
            shapes = [var.aval for var in equation.invars]
            return self._emit(equation, [primitives.Step(op, list(range(len(shapes))), attributes)], values, stack)
        if all(isinstance(value, np.ndarray) for value in values):
            return self._fold(equation, values)
        if equation.primitive.name == "reduce_window_sum":  # Half an average: see the division.
            self._window_sums[equation.outvars[0]] = equation, values[0]
            self.values[equation.outvars[0]] = "the sum of a window"
            return None
        steps = self._average(equation, values)
        if steps is not None:
            return self._emit(equation, steps, [self._window_sums[equation.invars[0]][1]], stack)
        inner = self._inner(equation)
        if inner is not None and not primitives.is_whole(equation):
            return self._inline(equation, inner, values, stack)
        try:
            if any(not isinstance(var, core.Literal) and var in self._window_sums for var in equation.invars):
                raise primitives.NoSuchOp("reduce_window_sum that is not divided by the size of its window")
            steps = primitives.steps(equation, values)
        except primitives.NoSuchOp as missing:
            where = self._module(stack) or "the top module"
            self.refused.append(f"{missing} (in {where})")
            steps = None
        if steps is None:  # Keep on, to name everything that is missing.
            self.values.update((var, f"missing{id(var)}") for var in equation.outvars)
            return None
        return self._emit(equation, steps, values, stack)

    def _average(self, equation, values) -> list[primitives.Step] | None:
        """The division that makes an average pool of a window's sum, said as one op."""
        found = None if isinstance(equation.invars[0], core.Literal) else self._window_sums.get(equation.invars[0])
        if found is None or not isinstance(values[-1], np.ndarray):
            return None
        attributes = primitives.average_pool(found[0], equation, values[-1])
        return None if attributes is None else [primitives.Step("avg_pool", [0], attributes)]

    @staticmethod
    def _inner(equation):
        for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
            found = equation.params.get(key)
            if found is not None and equation.primitive.name not in ("scan", "while", "cond"):
                return found if hasattr(found, "consts") else core.ClosedJaxpr(found, ())
        return None

    def _inline(self, equation, inner, values, stack: str) -> None:
        self.values.update(zip(inner.jaxpr.invars, values))
        self._run(inner.jaxpr, inner.consts, stack)
        for outer, var in zip(equation.outvars, inner.jaxpr.outvars):
            self.values[outer] = self._value(var)

    def _fold(self, equation, values) -> None:
        """What depends on constants only is computed now."""
        if equation.primitive.name in ("jit", "pjit", "custom_jvp_call", "custom_vjp_call"):
            return self._inline(equation, self._inner(equation), values, "")
        out = equation.primitive.bind(*map(jnp.asarray, values), **equation.params)
        out = out if equation.primitive.multiple_results else [out]
        self.values.update(zip(equation.outvars, map(np.asarray, out)))
        return None

    def _emit(self, equation, steps, values, stack: str) -> None:
        """Appends the nodes of an equation; none: its value is an operand's."""
        module = self._module(stack)
        made = []
        for step in steps:
            args = [made[i] if from_step else self._name_of(values[i]) for from_step, i in step.operands()]
            if step.op is None:
                made.append(args[0])
                continue
            node = {"name": self._fresh(module, step.op), "op": step.op}
            if module:
                node["module"] = module
            made.append(node["name"])
            self.nodes.append({**node, "args": args, **step.attributes})
        results = [made[i] for i in steps[-1].results] if steps[-1].results else [made[-1]]
        self.values.update(zip(equation.outvars, results))

    def _fresh(self, module: str, op: str) -> str:
        base = f"{module.replace('/', '_')}_{op}" if module else op
        count = self._counts.get(base, 0)
        self._counts[base] = count + 1
        return f"{base}{count}"

    def _module(self, stack: str) -> str:
        """The module an equation was traced in: the parts of its name stack that are modules."""
        path = ""
        for part in stack.split("/"):
            longer = f"{path}/{part.split('.')[0]}" if path else part.split(".")[0]
            path = longer if longer in self.modules else path
        return path

    def _prune(self, wanted: set[str]) -> None:
        """Drops float nodes nothing needs; quantizable ones count for their op ids and stay."""
        kept = []
        for node in reversed(self.nodes):
            if node["name"] in wanted or node["op"] in primitives.QUANTIZABLE:
                wanted.update(node["args"])
                kept.append(node)
        self.nodes = kept[::-1]
        self.constants = {name: value for name, value in self.constants.items() if name in wanted}
