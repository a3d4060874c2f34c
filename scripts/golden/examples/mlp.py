"""A two-layer perceptron, int8 forward and backward: `record examples/mlp.py:make`."""

from flax import linen as nn
import jax
from jax import numpy as jnp
import qwix


class MLP(nn.Module):
    hidden: int
    out: int

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.hidden)(x)
        x = nn.relu(x)
        return nn.Dense(self.out)(x)


def make():
    x = jax.random.normal(jax.random.key(1), (8, 24))
    rule = qwix.QtRule(weight_qtype=jnp.int8, act_qtype=jnp.int8, bwd_qtype=jnp.int8)
    return MLP(32, 10), x, [rule]
