"""Runs one case step by step on real Qwix and returns everything a golden holds.

Modes: forward; grad (forward and backward); calibrate (statistics move); train (statistics and
params move). State carries over: params, statistics, the optimizer's momentum.
"""

import jax
from jax import numpy as jnp
import numpy as np
import qwix
from qwix._src.core import qarray

from . import dtypes, model, policies, rules, sources
from .casefile import Case
from .recorder import Recorder, listening


def record(case: Case) -> dict[str, np.ndarray]:
    """All named values of a case."""
    knobs = policies.knobs_of(case.policy)
    qarray.USE_RECIPROCAL_FOR_QUANTIZATION = knobs.get("quotient") == "reciprocal"
    try:
        with jax.disable_jit(), jax.enable_x64(_holds_wide_data(case)):
            return _Run(case).all_steps()
    finally:
        qarray.USE_RECIPROCAL_FOR_QUANTIZATION = False


def _holds_wide_data(case: Case) -> bool:
    """Whether a case speaks of 64-bit data; JAX narrows such arrays unless told not to."""
    document = case.document
    named = [document["inputs"], document.get("params", {}), document.get("run", {}).get("cotangents", {})]
    every = [source for group in named for source in group.values()]
    every = [plain for source in every for plain in source.get("steps", [source])]
    stored = (case.tensor(source).dtype for source in every if "file" in source)
    wide = {"f64", "s64"}
    stated = [source.get("dtype") for source in every] + [n.get("dtype") for n in document["nodes"]]
    return bool(wide.intersection(stated)) or any(dtypes.NAMES[dtype] in wide for dtype in stored)


def nest(flat: dict[str, object]) -> dict:
    """{'a/b': x} -> {'a': {'b': x}}."""
    tree: dict = {}
    for name, value in flat.items():
        *path, leaf = name.split("/")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[leaf] = value
    return tree


def flatten(tree: dict, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        path = f"{prefix}/{name}" if prefix else name
        if hasattr(value, "items"):
            flat.update(flatten(value, path))
        else:
            flat[path] = value
    return flat


class _Run:
    """The state of one case between steps."""

    def __init__(self, case: Case):
        self.case, self.document = case, case.document
        self.run = self.document.get("run", {"mode": "forward"})
        self.mode = self.run.get("mode", "forward")
        self.differentiate = self.mode in ("grad", "train")
        self.update_stats = self.run.get("update_quant_stats", self.mode in ("calibrate", "train"))
        self.params = self._tensors(self.document.get("params", {}))
        self.stats = self._tensors(self.document.get("quant_stats", {}))
        self.velocity: dict[str, jax.Array] = {}
        self.provider = rules.provider(self.document.get("rules", []))
        graph = model.GraphModel(paths=model.module_paths(self.document))
        self.graph = qwix.quantize_model(graph, self.provider)

    def _tensors(self, named: dict, step: int = 0) -> dict[str, jax.Array]:
        return {
            name: jnp.asarray(self.case.tensor(sources.at_step(source, step)))
            for name, source in named.items()
        }

    def all_steps(self) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        for step in range(self.run.get("steps", 1)):
            recorder = Recorder()
            with listening(recorder):
                self._step(step, recorder)
            values.update({f"step{step}/{name}": value for name, value in recorder.values.items()})
        return values

    def _step(self, step: int, recorder: Recorder) -> None:
        inputs = self._tensors(self.document["inputs"], step)
        rngs = {
            stream: jax.random.fold_in(jax.random.key(seed), step)
            for stream, seed in self.run.get("rng", {}).items()
        }
        if not self.update_stats:
            self._make_missing_stats(inputs, rngs)
        if self.differentiate:
            self._forward_backward(step, inputs, rngs, recorder)
        else:
            nodes, self.stats = self._apply(self.params, inputs, rngs, recorder)
            self._keep_nodes(nodes, recorder)
        for name, value in self.stats.items():
            recorder.keep(f"stats/{name}", value)

    def _apply(self, params, inputs, rngs, recorder, *, update=None, differentiate=False):
        """Node values and statistics of one forward pass."""
        update = self.update_stats if update is None else update

        def body(scopes):
            return model.run_graph(
                scopes, self.document, params, inputs, recorder, differentiate
            )

        variables = {"params": nest(params), "quant_stats": nest(self.stats)}
        if not update:
            return self.graph.apply(variables, body, rngs=rngs), self.stats
        nodes, updated = self.graph.apply(variables, body, rngs=rngs, mutable=["quant_stats"])
        return nodes, flatten(updated.get("quant_stats", {}))

    def _make_missing_stats(self, inputs, rngs) -> None:
        """Frozen statistics that nobody gave exist all the same, with count 0 and zero sums."""
        if any(rule.get("act_static_scale") for rule in self.document.get("rules", [])):
            with listening(Recorder()) as aside:
                _, made = self._apply(self.params, inputs, rngs, aside, update=True)
            zeros = {name: jnp.zeros_like(value) for name, value in made.items()}
            self.stats = {**zeros, **self.stats}

    def _forward_backward(self, step, inputs, rngs, recorder) -> None:
        seeds = self._seeds(step)
        fixed = {name: x for name, x in inputs.items() if not dtypes.is_float_array(x)}
        free = {name: x for name, x in inputs.items() if name not in fixed}
        still = {name: p for name, p in self.params.items() if not dtypes.is_float_array(p)}
        moving = {name: p for name, p in self.params.items() if name not in still}

        def outputs(moving, free):
            nodes, stats = self._apply(
                {**moving, **still}, {**free, **fixed}, rngs, recorder, differentiate=True
            )
            return [nodes[name] for name in seeds], (nodes, stats)

        results, pullback, (nodes, self.stats) = jax.vjp(outputs, moving, free, has_aux=True)
        self._keep_nodes(nodes, recorder)
        cotangents = [
            jnp.ones_like(y) if seed is None else jnp.asarray(seed)
            for y, seed in zip(results, seeds.values())
        ]
        param_grads, input_grads = pullback(cotangents)
        for name, grad in param_grads.items():
            recorder.keep(f"grad/param/{name}", grad)
        for name, grad in input_grads.items():
            recorder.keep(f"grad/input/{name}", grad)
        if self.mode == "train":
            self._descend(param_grads)
            for name, value in self.params.items():
                recorder.keep(f"param/{name}", value)

    def _seeds(self, step: int) -> dict[str, np.ndarray | None]:
        """Node -> incoming cotangent; none stands for the 1 of a loss."""
        if "loss" in self.run:
            return {self.run["loss"]: None}
        given = self.run.get("cotangents", {})
        return {
            name: self.case.tensor(sources.at_step(source, step)) for name, source in given.items()
        }

    def _descend(self, grads: dict[str, jax.Array]) -> None:
        """Stochastic gradient descent; every operation rounds in the param's dtype."""
        optimizer = self.run["optimizer"]
        rate, momentum = optimizer["learning_rate"], optimizer.get("momentum")
        for name, grad in grads.items():
            if momentum is not None:
                velocity = self.velocity.get(name, jnp.zeros_like(grad))
                grad = self.velocity[name] = velocity * momentum + grad
            self.params[name] = self.params[name] - grad * rate

    @staticmethod
    def _keep_nodes(nodes: dict, recorder: Recorder) -> None:
        for name, value in nodes.items():
            recorder.keep(f"node/{name}", value)
