"""A small convolutional network without batch norm: int8 blocks trained through the straight-through
estimator, a tiled int4 head trained in int8. `record examples/cnn.py:make`."""

from flax import linen as nn
import jax
from jax import numpy as jnp
import qwix


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        y = nn.relu(nn.Conv(self.features, (3, 3))(x))
        y = nn.Conv(self.features, (3, 3))(y) + nn.Conv(self.features, (1, 1))(x)
        return nn.avg_pool(nn.relu(y), (2, 2), strides=(2, 2))


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = Block(8)(x)
        x = Block(16)(x)
        x = x.reshape((x.shape[0], -1))
        x = nn.gelu(nn.Dense(32)(x))
        return nn.log_softmax(nn.Dense(10)(x))


def make():
    images = jax.random.normal(jax.random.key(1), (2, 8, 8, 3))
    blocks = qwix.QtRule(module_path="Block.*", weight_qtype=jnp.int8, act_qtype=jnp.int8)
    head = qwix.QtRule(
        module_path="Dense.*", weight_qtype=jnp.int4, act_qtype=jnp.int8, bwd_qtype=jnp.int8, tile_size=16
    )
    return CNN(), images, [blocks, head]
