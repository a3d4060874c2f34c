"""A case's graph as a flax module tree, so that Qwix sees modules, params and op counters.

Nodes run in case order, each inside a call of the module it names; therefore module paths, op ids,
weight detection, statistics and random streams are Qwix's and flax's own, not imitations.

Two taps are added. The cotangent of a node is heard by an identity whose backward keeps what
arrives. A reshaped, transposed or converted param stays a weight inside the module that owns it:
Qwix follows those to the param when it sees a traced program; run op by op the thread is lost, so
`_Weights` keeps it.
"""

import functools

from flax import linen as nn
import jax
from qwix._src.utils import flax_util

from . import dtypes, ops
from .recorder import Recorder

_KEEPS_WEIGHT = ("reshape", "transpose", "convert")
_NODE_KEYS = ("name", "op", "module", "args")
QUANTIZABLE = ("dot_general", "einsum", "conv_general_dilated", "ragged_dot")


class _Scope(nn.Module):
    """A module of the case: it owns a part of the params and lends its context to its nodes."""

    paths: tuple[tuple[str, ...], ...] = ()  # Paths of the modules below it, relative.

    @nn.compact
    def grow(self) -> dict:
        """Makes the modules below, and returns all by path."""
        found = {(): self}
        for head in dict.fromkeys(path[0] for path in self.paths):
            below = tuple(path[1:] for path in self.paths if path[0] == head and path[1:])
            child = _Scope(name=head, paths=below)
            found.update({(head,) + path: scope for path, scope in child.grow().items()})
        return found

    def lend(self, compute):
        return compute()


class GraphModel(_Scope):
    """The top module: calling it with a function runs that function over the module table."""

    def __call__(self, body):
        return body(self.grow())


class _Weights:
    """Arrays that are a param seen through reshape, transpose or convert, by identity."""

    def __init__(self):
        self._owner: dict[int, tuple[str, str]] = {}
        self._alive: list = []

    def add(self, array, module: str, param: str) -> None:
        self._owner[id(array)] = (module, param)
        self._alive.append(array)

    def find(self, array, module: str) -> str | None:
        owner, param = self._owner.get(id(array), (None, None))
        return param if owner == module else None


_weights = _Weights()


def install() -> None:
    """Lets Qwix's weight detection know about the params seen through layout ops."""
    original = flax_util.find_param

    @functools.wraps(original)
    def find_param(x, *args, **kwargs):
        path = "/".join(map(str, flax_util.get_current_module_path()))
        return _weights.find(x, path) or original(x, *args, **kwargs)

    flax_util.find_param = find_param


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _tap(keep, x):
    return x


_tap.defvjp(lambda keep, x: (x, None), lambda keep, _, g: (keep(g), (g,))[1])


def module_paths(document: dict) -> tuple[tuple[str, ...], ...]:
    """Every module a node or a param names, as tuples, prefixes included by construction."""
    names = [node.get("module", "") for node in document["nodes"]]
    names += [name.rpartition("/")[0] for name in document.get("params", {})]
    return tuple(dict.fromkeys(tuple(name.split("/")) for name in names if name))


def run_graph(scopes: dict, document: dict, params: dict, inputs: dict, recorder: Recorder,
              differentiate: bool) -> dict:
    """Runs the nodes in order; returns every node's value by name."""
    global _weights
    _weights = _Weights()
    values = {**inputs, **params}
    for name, value in params.items():
        module, _, param = name.rpartition("/")
        _weights.add(value, module, param)
    for node in document["nodes"]:
        values[node["name"]] = _run_node(scopes, node, values, recorder, differentiate)
    return {node["name"]: values[node["name"]] for node in document["nodes"]}


def _run_node(scopes, node, values, recorder, differentiate):
    name, module = node["name"], node.get("module", "")
    arguments = [values[arg] for arg in node["args"]]
    attributes = {key: value for key, value in node.items() if key not in _NODE_KEYS}
    compute = functools.partial(ops.OPS[node["op"]], *arguments, **attributes)
    scope = scopes[tuple(module.split("/")) if module else ()]
    recorder.node = name if node["op"] in QUANTIZABLE else None
    try:
        value = scope.lend(compute)
    finally:
        recorder.node = None
    if differentiate and dtypes.is_float_array(value):
        value = _tap(functools.partial(recorder.keep, f"ct/{name}"), value)
    if node["op"] in _KEEPS_WEIGHT:
        param = _weights.find(arguments[0], module)
        if param is not None:
            _weights.add(value, module, param)
    return value
