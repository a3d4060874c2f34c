"""What the end-to-end tests share: running the built program, small cases, safetensors files.

Standard library only. The program is the file named by MXCHECK_BIN.
"""
import copy
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get('MXCHECK_BIN', str(REPOSITORY / 'build/release/bin/mxcheck'))

# What runs remember from one to the next is not for the home of whoever runs the tests.
_CACHE = tempfile.TemporaryDirectory(prefix='mxcheck_e2e_cache_')
os.environ['XDG_CACHE_HOME'] = _CACHE.name

# A dense layer in int8, forward and backward: every kind of value a golden file can hold but
# statistics.
DENSE = {
    'mxcheck': 1,
    'title': 'dense, int8',
    'tags': ['smoke'],
    'inputs': {'x': {'random': 'normal', 'seed': 1, 'shape': [4, 16]}},
    'params': {'Dense_0/kernel': {'random': 'normal', 'seed': 2, 'shape': [16, 8], 'scale': 0.25}},
    'nodes': [
        {'name': 'h', 'op': 'dot_general', 'module': 'Dense_0', 'args': ['x', 'Dense_0/kernel'],
         'dimension_numbers': [[[1], [0]], [[], []]]},
        {'name': 'y', 'op': 'relu', 'args': ['h']},
    ],
    'rules': [{'module_path': '.*', 'weight_qtype': 's8', 'act_qtype': 's8', 'bwd_qtype': 's8'}],
    'run': {'mode': 'grad', 'cotangents': {'y': {'random': 'normal', 'seed': 3, 'shape': [4, 8]}}},
}

WIDTH = {'F64': 8, 'I64': 8, 'F32': 4, 'I32': 4, 'U32': 4, 'F16': 2, 'BF16': 2, 'I16': 2, 'I8': 1,
         'U8': 1, 'BOOL': 1, 'F8_E4M3': 1, 'F8_E5M2': 1}


def dense(**changes):
    case = copy.deepcopy(DENSE)
    case.update(changes)
    return case


def read_safetensors(path):
    """name -> (dtype, shape, bytes)"""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop('__metadata__', None)
    body = data[8 + size:]
    return {name: (v['dtype'], v['shape'], body[slice(*v['data_offsets'])])
            for name, v in header.items()}


def write_safetensors(path, tensors):
    header, body = {}, b''
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        header[name] = {'dtype': dtype, 'shape': shape,
                        'data_offsets': [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack('<Q', len(text)) + text + body)


class ToolTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix='mxcheck_e2e_')
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)

    def tool(self, *arguments, code=None, environment=None, cwd=None):
        """Runs the program; with `code`, demands that exit code."""
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(('MXCHECK_', 'GTEST_', 'TEST_', 'OMPI_', 'PMI'))}
        env.update(environment or {})
        result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                                env=env, cwd=cwd or self.folder, timeout=120)
        self.assertGreaterEqual(result.returncode, 0, f'died by a signal: {result.stderr[-2000:]}')
        if code is not None:
            self.assertEqual(result.returncode, code,
                             f'{arguments}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}')
        return result

    def write(self, name, case):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(case if isinstance(case, str) else json.dumps(case, indent=1),
                        encoding='utf-8')
        return path

    def golden_of(self, path, case_id):
        """The values of a case as the program computes them, under golden names."""
        dump = self.folder / 'golden_of.safetensors'
        self.tool('run', path, '--dump', dump)
        prefix = case_id + ':'
        values = read_safetensors(dump)
        dump.unlink()
        return {n[len(prefix):]: v for n, v in values.items() if n.startswith(prefix)}

    def write_blessed(self, name, case):
        """Writes a case with a golden beside it that holds what the program computes."""
        path = self.write(name, case)
        golden = path.with_suffix('.safetensors')
        write_safetensors(golden, self.golden_of(path, path.stem))
        case = dict(case, expect={'golden': golden.name})
        self.write(name, case)
        return path, golden


def last_line(text):
    return text.rstrip('\n').rsplit('\n', 1)[-1]
