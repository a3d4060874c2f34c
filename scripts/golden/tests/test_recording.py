"""Models to cases: what is translated, what is refused, and that nothing is written unless the model's
own bits are the case's. Needs the packages of requirements.txt."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..")
EXAMPLES = os.path.join(GOLDEN, "examples")

PRELUDE = """
from flax import linen as nn
import jax
from jax import numpy as jnp
import qwix
INT8 = [qwix.QtRule(weight_qtype=jnp.int8, act_qtype=jnp.int8)]
"""


def record(spec: str, out: str, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mxcheck_golden", "record", spec, "-o", out, *options]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": GOLDEN}, capture_output=True, text=True, timeout=600
    )


class Recording(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "out")

    def tearDown(self):
        self.folder.cleanup()

    def model(self, text: str) -> str:
        path = os.path.join(self.folder.name, "model.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(PRELUDE + textwrap.dedent(text))
        return path + ":make"

    def case(self, name: str) -> dict:
        with open(os.path.join(self.out, name + ".json"), encoding="utf-8") as file:
            return json.load(file)

    def test_the_examples_are_recorded_and_are_the_models(self):
        for name, nodes in (("mlp", 7), ("cnn", 34)):
            done = record(os.path.join(EXAMPLES, f"{name}.py:make"), self.out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("the model's own results and gradients have the case's bits", done.stdout)
            case = self.case(name)
            self.assertGreaterEqual(len(case["nodes"]), nodes)
            for file in (f"golden/{name}.safetensors", f"golden/{name}.data.safetensors", "golden/SHA256SUMS"):
                self.assertTrue(os.path.exists(os.path.join(self.out, file)), file)
        self.assertEqual({rule["module_path"] for rule in self.case("cnn")["rules"]}, {"Block.*", "Dense.*"})

    def test_what_a_case_cannot_say_is_listed_at_once(self):
        spec = self.model(
            """
            class M(nn.Module):
                @nn.compact
                def __call__(self, x):
                    return jnp.cumsum(jnp.sin(nn.Dense(4)(x)), axis=1)
            def make():
                return M(), jnp.ones((2, 3)), INT8
            """
        )
        done = record(spec, self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cumsum of float32[2,4]", done.stderr)
        self.assertIn("sin of float32[2,4]", done.stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_attention_keeps_its_einsums(self):
        spec = self.model(
            """
            class M(nn.Module):
                @nn.compact
                def __call__(self, ids):
                    x = nn.Embed(20, 16)(ids)
                    return x + nn.MultiHeadDotProductAttention(num_heads=2)(x)
            def make():
                return M(), jax.random.randint(jax.random.key(1), (2, 6), 0, 20), INT8
            """
        )
        done = record(spec, self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        ops = [node["op"] for node in self.case("model")["nodes"]]
        self.assertEqual((ops.count("einsum"), ops.count("dot_general"), ops.count("take")), (2, 4, 1))

    def test_gradients_that_are_not_the_models_are_not_written(self):
        text = """
            class M(nn.Module):
                @nn.compact
                def __call__(self, x):
                    return nn.Dense(8)(nn.LayerNorm()(nn.Dense(16)(x)))
            def make():
                return {"model": M(), "inputs": jax.random.normal(jax.random.key(2), (4, 8)), "rules": INT8%s}
            """
        done = record(self.model(text % ""), self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing written", done.stderr)
        self.assertIn("record with mode 'forward'", done.stderr)
        self.assertFalse(os.path.exists(self.out))
        done = record(self.model(text % ", 'mode': 'forward'"), self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.case("model")["run"], {"mode": "forward"})

    def test_an_existing_case_is_kept(self):
        spec = os.path.join(EXAMPLES, "mlp.py:make")
        self.assertEqual(record(spec, self.out).returncode, 0)
        again = record(spec, self.out)
        self.assertEqual(again.returncode, 1)
        self.assertIn("--force", again.stderr)
        self.assertEqual(record(spec, self.out, "--force").returncode, 0)

    def test_a_function_that_returns_something_else_is_told_what_is_expected(self):
        done = record(self.model("def make():\n    return {'model': 1, 'input': 2}\n"), self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown: input; missing: inputs, rules", done.stderr)
        done = record(os.path.join(self.folder.name, "nowhere.py:make"), self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
