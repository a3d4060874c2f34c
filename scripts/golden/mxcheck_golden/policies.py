"""Numerics policies as XLA flags [POL-1].

A policy is chosen before jax is imported, so each one gets its own worker process. Knobs on top of a
base policy are accepted only where real Qwix can be told to follow them, or where the knob merely
states a fact about the recording host; anything else has no golden and is refused.
"""

_COMMON_FLAGS = (
    "--xla_cpu_experimental_ynn_fusion_type=",
    "--xla_cpu_enable_platform_dependent_math=false",
)

XLA_FLAGS = {
    "ieee": " ".join(("--xla_disable_hlo_passes=algsimp",) + _COMMON_FLAGS),
    "xla_cpu": " ".join(_COMMON_FLAGS),
}

DEFAULT_POLICY = "ieee"

# dot_block says how the host blocked its contractions; the recording does not change with it.
_FACTS_ABOUT_THE_HOST = {"dot_block"}
# Qwix has its own switch for this one.
_QWIX_SWITCHES = {"quotient": {"reciprocal", "divide"}}


class UnsupportedPolicy(ValueError):
    """A policy whose values real Qwix cannot produce."""


def base_of(policy) -> str:
    """The name of the base policy of a case's `policy` value."""
    name = policy if isinstance(policy, str) else (policy or {}).get("base", DEFAULT_POLICY)
    if name not in XLA_FLAGS:
        raise UnsupportedPolicy(f"no XLA flags are known for the policy {name!r}")
    return name


def knobs_of(policy) -> dict:
    """The knobs set on top of the base policy, checked for being recordable."""
    if not isinstance(policy, dict):
        return {}
    knobs = {key: value for key, value in policy.items() if key != "base"}
    for key, value in knobs.items():
        if key in _FACTS_ABOUT_THE_HOST or value in _QWIX_SWITCHES.get(key, ()):
            continue
        raise UnsupportedPolicy(f"Qwix has no {key}={value!r}: nothing to record")
    return knobs
