"""Golden generator: runs case files on real Qwix, op by op, and records what every step produced.

Nothing here computes a quantized value itself. Qwix and JAX compute, this package feeds them the
case's data, listens at the points the case format names, and writes what it heard to safetensors.
"""

GENERATOR = "mxcheck_golden"
