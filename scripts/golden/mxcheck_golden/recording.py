"""A user's own flax model as a case: `record MODEL.py:FUNCTION`.

The function takes nothing and returns what is to be recorded, a dict or the first entries as a tuple:

    model   a flax.linen module, not quantized
    inputs  its arguments: one array, a tuple of arrays, or a dict of them (names of the case's inputs)
    rules   Qwix rules (QtRule, QuantizationRule, or dicts in the words of the case format)
    params  (dict only) the params; default: model.init with key 0
    mode    (dict only) "forward" or "grad"; default "grad" if a result is a float
    cotangents  (dict only) one array a result; default: normal numbers of a fixed seed, 1 for a scalar
    title, tags (dict only)

The case is recorded like any other. Then the model itself runs under the same rules on real Qwix, op
by op, and its results and gradients must have the case's own bits: nothing is written otherwise.
"""

import argparse
import dataclasses
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import traceback

import numpy as np

from . import casefile, dtypes, policies, provenance, safetensors_io, sources

_KEYS = ("model", "inputs", "rules", "params", "mode", "cotangents", "title", "tags")
_SEED = 20240601  # Of cotangents nobody gave.


class CannotRecord(ValueError):
    """The user's function or model, as it is, makes no case."""


def load(spec: str) -> dict:
    """What FILE.py:FUNCTION returns, as a dict."""
    path, colon, function = spec.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise CannotRecord(f"{spec!r}: expected FILE.py:FUNCTION, say my_model.py:make")
    if not os.path.exists(path):
        raise CannotRecord(f"{path}: no such file")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    module_spec = importlib.util.spec_from_file_location("recorded_model", path)
    module = importlib.util.module_from_spec(module_spec)
    sys.modules["recorded_model"] = module
    module_spec.loader.exec_module(module)
    if not callable(getattr(module, function, None)):
        raise CannotRecord(f"{path} has no function {function}()")
    made = getattr(module, function)()
    return _as_dict(made)


def _as_dict(made) -> dict:
    if isinstance(made, tuple):
        made = dict(zip(_KEYS, made))
    if not isinstance(made, dict):
        raise CannotRecord(f"expected a dict or a tuple (model, inputs, rules), not {type(made).__name__}")
    unknown = sorted(set(made) - set(_KEYS))
    missing = [key for key in ("model", "inputs", "rules") if key not in made]
    if unknown or missing:
        facts = [f"unknown: {', '.join(unknown)}"] * bool(unknown) + [f"missing: {', '.join(missing)}"] * bool(missing)
        raise CannotRecord(f"{'; '.join(facts)} (known: {', '.join(_KEYS)})")
    return made


def _named_inputs(inputs) -> dict[str, np.ndarray]:
    if isinstance(inputs, dict):
        return {name: np.asarray(value) for name, value in inputs.items()}
    several = isinstance(inputs, (tuple, list))
    names = (f"x{i}" for i in range(len(inputs))) if several and len(inputs) > 1 else ("x",)
    return {name: np.asarray(value) for name, value in zip(names, inputs if several else (inputs,))}


def _rules_of(given) -> tuple[list[dict], object]:
    """The rules as a case says them, and as Qwix's provider."""
    from . import rules

    given = getattr(given, "_rules", given)
    listed = [dict(rule) if isinstance(rule, dict) else rules.from_qwix(rule) for rule in given]
    return listed, rules.provider(listed)


@dataclasses.dataclass
class _Assembly:
    """A case in the making: its document and the tensors it keeps in a file."""

    name: str
    document: dict
    tensors: dict[str, np.ndarray]
    provider: object
    model: object
    outputs: list[str]


def assemble(name: str, policy: str, made: dict) -> _Assembly:
    import jax

    from . import runner, tracing

    model, inputs = made["model"], _named_inputs(made["inputs"])
    params = made.get("params")
    if params is None:
        params = model.init(jax.random.key(0), *map(jax.numpy.asarray, inputs.values())).get("params", {})
    flat = {key: np.asarray(value) for key, value in runner.flatten(params.get("params", params)).items()}
    traced = tracing.trace(model, flat, inputs)
    taken = sorted(set(inputs) & {node["name"] for node in traced.nodes})
    if taken:
        raise CannotRecord(f"inputs share their names with nodes: {', '.join(taken)}")
    rules, provider = _rules_of(made["rules"])
    if any(rule.get("act_static_scale") for rule in rules):
        raise CannotRecord("act_static_scale needs statistics over steps; write such a case by hand")
    every_input = {**inputs, **traced.constants}
    document = {
        "mxcheck": 1,
        "title": made.get("title", f"{name}, recorded from a model"),
        "tags": list(made.get("tags", ["recorded"])),
        "policy": policy,
        "inputs": {key: _stored(name, f"input/{key}", value) for key, value in every_input.items()},
        "params": {key: _stored(name, f"param/{key}", value) for key, value in sorted(flat.items())},
        "nodes": traced.nodes,
        "rules": rules,
    }
    tensors = {f"input/{key}": value for key, value in every_input.items()}
    tensors.update((f"param/{key}", value) for key, value in flat.items())
    assembly = _Assembly(name, document, tensors, provider, model, traced.outputs)
    document["run"] = _run_of(assembly, made)
    document["expect"] = {"golden": f"golden/{name}.safetensors"}
    return assembly


def _stored(name: str, tensor: str, value: np.ndarray) -> dict:
    """A tensor source; scalars are spelled, arrays are kept in the file of the case's data."""
    if value.ndim == 0 and value.dtype == np.float32 and np.isfinite(value):
        return {"fill": float(value).hex(), "shape": []} if float(value) != int(value) else {
            "fill": int(value), "shape": []}
    return {"file": f"golden/{name}.data.safetensors", "tensor": tensor}


def _run_of(assembly: _Assembly, made: dict) -> dict:
    """`run` of the case; cotangents that were given are kept with its data."""
    shapes = _shapes_of_results(assembly, made)
    floats = [output for output in dict.fromkeys(assembly.outputs) if dtypes.is_float_array(shapes[output])]
    mode = made.get("mode", "grad" if floats else "forward")
    if mode not in ("forward", "grad"):
        raise CannotRecord(f"mode {mode!r}: expected forward or grad")
    if mode == "forward":
        return {"mode": "forward"}
    if not floats:
        raise CannotRecord("mode grad, but no result of the model is a float")
    if made.get("cotangents") is None and len(floats) == 1 and shapes[floats[0]].ndim == 0:
        return {"mode": "grad", "loss": floats[0]}
    given = made.get("cotangents")
    given = given if isinstance(given, (tuple, list)) else [given] * len(floats)
    if len(given) != len(floats):
        raise CannotRecord(f"{len(given)} cotangents for {len(floats)} results")
    seeds = {}
    for i, (output, value) in enumerate(zip(floats, given)):
        result = shapes[output]
        if value is None:
            seeds[output] = {"random": "normal", "seed": _SEED + i, "shape": list(result.shape)}
            if result.dtype != np.float32:
                seeds[output]["dtype"] = dtypes.NAMES[np.dtype(result.dtype)]
        else:
            assembly.tensors[f"cotangent/{output}"] = np.asarray(value, result.dtype)
            seeds[output] = _stored(assembly.name, f"cotangent/{output}", np.asarray(value, result.dtype))
    return {"mode": "grad", "cotangents": seeds}


def _shapes_of_results(assembly: _Assembly, made: dict) -> dict:
    import jax

    from . import runner

    params = {k[len("param/"):]: v for k, v in assembly.tensors.items() if k.startswith("param/")}
    inputs = list(_named_inputs(made["inputs"]).values())
    out = jax.eval_shape(lambda p, xs: assembly.model.apply({"params": runner.nest(p)}, *xs), params, inputs)
    return dict(zip(assembly.outputs, jax.tree.leaves(out)))


def check(case: casefile.Case, assembly: _Assembly, made: dict, recorded: dict) -> tuple[int, dict[str, int]]:
    """Runs the model itself on Qwix; returns (elements compared, differing elements by name)."""
    import jax
    from jax import numpy as jnp
    import qwix

    from . import compare, runner

    quantized = qwix.quantize_model(assembly.model, assembly.provider)
    names = list(_named_inputs(made["inputs"]))
    arrays = {key: jnp.asarray(value) for key, value in assembly.tensors.items()}
    params = {k[len("param/"):]: v for k, v in arrays.items() if k.startswith("param/")}
    inputs = {name: arrays[f"input/{name}"] for name in names}
    run = case.document["run"]

    def results(params, free):
        out = quantized.apply({"params": runner.nest(params)}, *{**inputs, **free}.values())
        return dict(zip(assembly.outputs, jax.tree.leaves(out)))

    free = {k: v for k, v in inputs.items() if dtypes.is_float_array(v)}
    got = {}
    with jax.disable_jit():
        if run["mode"] == "forward":
            got.update((f"step0/node/{k}", v) for k, v in results(params, free).items())
        else:
            seeds = {run["loss"]: None} if "loss" in run else run["cotangents"]
            chosen = lambda p, f: (lambda r: ([r[name] for name in seeds], r))(results(p, f))
            values, pullback, every = jax.vjp(chosen, params, free, has_aux=True)
            seeded = [jnp.ones_like(v) if s is None else jnp.asarray(case.tensor(s))
                      for v, s in zip(values, seeds.values())]
            of_params, of_inputs = pullback(seeded)
            got.update((f"step0/node/{k}", v) for k, v in every.items())
            got.update((f"step0/grad/param/{k}", v) for k, v in of_params.items())
            got.update((f"step0/grad/input/{k}", v) for k, v in of_inputs.items())
    wanted = {name: recorded[name] for name in got}
    answer = compare.tensors(wanted, {name: np.asarray(value) for name, value in got.items()})
    for name, (count, size) in answer["differences"].items():
        print(f"{name}: {count} of {size} elements differ between the case and the model", file=sys.stderr)
    return answer["elements"], {name: count for name, (count, _) in answer["differences"].items()}


def _write_case(folder: str, assembly: _Assembly) -> casefile.Case:
    """The case and its data, in `folder`; returns it as the generator reads it."""
    blob = safetensors_io.write(
        os.path.join(folder, "golden", assembly.name + ".data.safetensors"), assembly.tensors, {}
    )
    digest = hashlib.sha256(blob).hexdigest()
    document = assembly.document
    given = list(document["inputs"].values()) + list(document["params"].values())
    for source in given + list(document["run"].get("cotangents", {}).values()):
        if "file" in source:
            source["sha256"] = digest
    path = os.path.join(folder, assembly.name + ".json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=2) + "\n")
    return casefile.load(path, folder, folder)[0]


def _place(made: str, out: str, name: str, force: bool) -> None:
    """Moves the finished files; the case file last, so that it never names what is not there."""
    files = [f"golden/{name}.data.safetensors", f"golden/{name}.safetensors", f"{name}.json"]
    present = [file for file in files if os.path.exists(os.path.join(out, file))]
    if present and not force:
        raise CannotRecord(f"{', '.join(present)} exist in {out}; --force writes over them")
    os.makedirs(os.path.join(out, "golden"), exist_ok=True)
    for file in files:
        temporary = os.path.join(out, f"{file}.tmp{os.getpid()}")
        shutil.copyfile(os.path.join(made, file), temporary)
        os.replace(temporary, os.path.join(out, file))


def _not_the_model(elements: int, different: dict[str, int], assembly: _Assembly) -> str:
    """What to say when the model's own bits are not the case's."""
    facts = [f"the case is not the model: {sum(different.values())} of {elements} elements differ; nothing written"]
    squares = [node["name"] for node in assembly.document["nodes"] if node["op"] == "square"]
    if not any("/node/" in name for name in different) and squares:
        facts.append(
            f"results agree, gradients do not: {', '.join(squares)} are products in a case, whose two gradients"
            " are added one by one; record with mode 'forward'"
        )
    return "\n".join(facts)


def record(spec: str, name: str, policy: str, out: str, force: bool) -> int:
    from . import worker

    made = load(spec)
    with tempfile.TemporaryDirectory() as folder:
        assembly = assemble(name, policy, made)
        case = _write_case(folder, assembly)
        answer, values = worker.generate_and_keep(case, folder)
        elements, different = check(case, assembly, made, values)
        if different:
            raise CannotRecord(_not_the_model(elements, different, assembly))
        _place(folder, out, name, force)
        path = os.path.join(os.path.realpath(out), "golden", f"{name}.safetensors")
        provenance.update(os.path.join(out, "golden"), [{**answer, "path": path}])
    print(f"{os.path.join(out, name)}.json: {len(assembly.document['nodes'])} nodes, {len(values)} values")
    print(f"the model's own results and gradients have the case's bits: {elements} of {elements} elements")
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mxcheck_golden.recording")
    parser.add_argument("model")
    parser.add_argument("--name", required=True)
    parser.add_argument("--policy", required=True, choices=policies.XLA_FLAGS)
    parser.add_argument("--out", required=True)
    parser.add_argument("--force", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args(arguments)
    from . import tracing, worker

    worker.prepare(options.policy, all_threads=False)
    try:
        return record(options.model, options.name, options.policy, options.out, options.force)
    except (CannotRecord, tracing.Untranslatable, sources.SourceError) as error:
        print(f"ERROR {error}", file=sys.stderr)
    except Exception as error:  # The user's code, Qwix or JAX.
        print(f"ERROR {type(error).__name__}: {error}", file=sys.stderr)
        if options.verbose:
            traceback.print_exc()
    return 1


if __name__ == "__main__":
    sys.exit(main())
