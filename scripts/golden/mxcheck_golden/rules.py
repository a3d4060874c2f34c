"""Quantization rules of a case as Qwix's own rule objects."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from qwix import QtProvider, QtRule

_QTYPES = {
    "s8": jnp.int8,
    "s4": jnp.int4,
    "u8": jnp.uint8,
    "u4": jnp.uint4,
    "s16": jnp.int16,
    "s32": jnp.int32,
    "f16": jnp.float16,
    "bf16": jnp.bfloat16,
    "f32": jnp.float32,
    "f8e4m3fn": jnp.float8_e4m3fn,
    "f8e5m2": jnp.float8_e5m2,
}

_SEQUENCES = ("op_names", "act_batch_axes", "channelwise_noise_axes")


def qtype(name):
    """Qwix's type for a name; emulated types (int2, nf4, mxfp8, ...) are names in Qwix too."""
    return _QTYPES.get(name, name) if isinstance(name, str) else name


def _additional(config: dict) -> dict:
    return {key: qtype(value) if key.endswith("_qtype") else value for key, value in config.items()}


def to_qwix(rule: dict) -> QtRule:
    fields = {key: value for key, value in rule.items() if value is not None}
    fields.setdefault("module_path", ".*")
    # False and absent mean the same in a case, but Qwix refuses any statement without act_qtype.
    if not fields.get("act_static_scale", False):
        fields.pop("act_static_scale", None)
    for key in fields:
        if key.endswith("_qtype"):
            fields[key] = qtype(fields[key])
        elif key in _SEQUENCES:
            fields[key] = tuple(fields[key])
    if "additional_qt_config" in fields:
        fields["additional_qt_config"] = _additional(fields["additional_qt_config"])
    return QtRule(**fields)


_NAMES = {np.dtype(dtype): name for name, dtype in _QTYPES.items()}


def _said(key: str, value):
    """A field's value as a case says it."""
    if key == "additional_qt_config":
        return {name: _said(name, item) for name, item in value.items()}
    if key.endswith("_qtype") and not isinstance(value, str):
        return _NAMES[np.dtype(value)]
    if key.endswith("_qtype"):
        return {"int4": "s4", "int8": "s8", "uint4": "u4", "uint8": "u8"}.get(value, value)
    return list(value) if isinstance(value, (tuple, list)) else value


def from_qwix(rule) -> dict:
    """A Qwix rule as a case says it: what differs from Qwix's defaults."""
    said = {}
    for field in dataclasses.fields(rule):
        value = getattr(rule, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if field.name == "module_path" or (value is not None and value != default):
            said[field.name] = _said(field.name, value)
    return said


def provider(rules: list[dict]) -> QtProvider:
    return QtProvider([to_qwix(rule) for rule in rules])
