"""What the program knows of the case format, learned by asking `mxcheck lint` about cases that are wrong in
one place each."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from schema.prose import SAMPLE

BASE = {
    'mxcheck': 1,
    'inputs': {'x': {'random': 'normal', 'seed': 1, 'shape': [4, 16]}},
    'params': {'Dense_0/kernel': {'random': 'normal', 'seed': 2, 'shape': [16, 8]}},
    'nodes': [
        {'name': 'h', 'op': 'dot_general', 'module': 'Dense_0', 'args': ['x', 'Dense_0/kernel'],
         'dimension_numbers': [[[1], [0]], [[], []]]},
        {'name': 'y', 'op': 'relu', 'args': ['h']},
    ],
    'rules': [{'module_path': '.*', 'weight_qtype': 's8', 'act_qtype': 's8', 'bwd_qtype': 's8'}],
    'run': {'mode': 'grad', 'cotangents': {'y': {'fill': 1, 'shape': [4, 8]}}},
}
UNKNOWN = 'no such thing'


class Reader:
    """Questions to the program, answered by one call of lint."""

    def __init__(self, binary):
        self.binary = binary
        self.cases = {}
        self.findings = {}

    def ask(self, name, change):
        case = copy.deepcopy(BASE)
        replaced = change(case)
        self.cases[name] = case if replaced is None else replaced

    def answer(self):
        with tempfile.TemporaryDirectory(prefix='mxcheck_schema_') as folder:
            for i, case in enumerate(self.cases.values()):
                (pathlib.Path(folder) / f'q{i}.json').write_text(json.dumps(case), encoding='utf-8')
            done = subprocess.run([self.binary, 'lint', folder, '--json'], capture_output=True, text=True)
            if done.returncode != 4:
                sys.exit(f'lint exited with {done.returncode}: {done.stderr[-1000:]}')
            by_file = {}
            for finding in json.loads(done.stdout)['findings']:
                by_file.setdefault(pathlib.Path(finding['file']).stem, []).append(finding)
        for i, name in enumerate(self.cases):
            self.findings[name] = by_file.get(f'q{i}', [])

    def expectation(self, name, start, label=None):
        """The text behind `start` in what a question's answer expects."""
        for finding in self.findings[name]:
            if label not in (None, finding['label']):
                continue
            at = finding['expectation'].find(start)
            if at >= 0:
                return finding['expectation'][at + len(start):]
        sys.exit(f'case_schema.py: lint did not say "{start}" when asked about {name}: {self.findings[name]}')

    def words(self, name, start='one of '):
        return [word.strip('"') for word in self.expectation(name, start).split(', ')]

    def keys(self, name):
        return self.words(name, 'keys: ')

    def limit(self, name, pattern):
        for finding in self.findings[name]:
            match = re.search(pattern, finding['expectation'])
            if match:
                return int(match[1])
        sys.exit(f'case_schema.py: no limit in {self.findings[name]}')

    def labels(self, name):
        return {finding['label'] for finding in self.findings[name]}

    def missing(self, name):
        return [f['expectation'][len('the key "'):-1] for f in self.findings[name] if f['label'] == 'CASE-MISSING'
                and f['expectation'].startswith('the key "')]

    def refusals(self):
        text = subprocess.run([self.binary, 'explain'], capture_output=True, text=True, check=True).stdout
        return [line.split()[0] for line in text.splitlines() if line.split()[1:2] == ['refusal']]


def put(*path, value=UNKNOWN):
    def change(case):
        at = case
        for step in path[:-1]:
            at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
        at[path[-1]] = value
    return change


def set_op(op, **keys):
    def change(case):
        case['nodes'] = [{'name': 'h', 'op': op, 'args': ['x'], **keys}]
        case['run'] = {}
        case['rules'] = []
    return change


FORMS = {'values': [1], 'bits': ['0'], 'file': 'a', 'fill': 1, 'iota': 0, 'random': 'normal', 'steps': []}
DISTRIBUTIONS = ['uniform', 'normal', 'integers']
MOST_TRIED_ARGUMENTS = 4


def ask_about_keys(reader):
    reader.ask('case', put(UNKNOWN))
    for form, content in FORMS.items():
        reader.ask(f'source {form}', put('inputs', 'x', value={form: content, UNKNOWN: 1}))
        reader.ask(f'needs {form}', put('inputs', 'x', value={form: content}))
    reader.ask('source', put('inputs', 'x', value={}))
    for form in DISTRIBUTIONS:
        reader.ask(f'needs {form}', put('inputs', 'x', value={'random': form}))
    reader.ask('rule', put('rules', 0, UNKNOWN))
    reader.ask('config', put('rules', 0, 'additional_qt_config', value={UNKNOWN: 1}))
    reader.ask('run', put('run', UNKNOWN))
    reader.ask('optimizer', put('run', 'optimizer', value={UNKNOWN: 1}))
    reader.ask('rng', put('run', 'rng', value={UNKNOWN: 1}))
    reader.ask('expect', put('expect', value={UNKNOWN: 1}))
    reader.ask('policy', put('policy', value={UNKNOWN: 1}))
    reader.ask('hardware', put('hardware', value={UNKNOWN: 1}))
    reader.ask('node', lambda case: case.update(nodes=[{}]))
    reader.ask('nothing', lambda case: {'mxcheck': 1})


def ask_about_words(reader):
    reader.ask('op', put('nodes', 1, 'op'))
    reader.ask('dtype', put('inputs', 'x', 'dtype'))
    reader.ask('random', put('inputs', 'x', 'random'))
    reader.ask('policy name', put('policy'))
    reader.ask('hardware name', put('hardware'))
    reader.ask('check', put('checks', value=[UNKNOWN]))
    reader.ask('mode', put('run', 'mode'))
    reader.ask('optimizer type', put('run', 'optimizer', value={'type': UNKNOWN, 'learning_rate': 1}))
    reader.ask('qtype', put('rules', 0, 'weight_qtype'))
    reader.ask('op_names', put('rules', 0, 'op_names', value=[UNKNOWN]))
    reader.ask('noise', put('rules', 0, 'bwd_stochastic_rounding'))
    reader.ask('padding', set_op('conv_general_dilated', padding=UNKNOWN))
    reader.ask('convert', set_op('convert', dtype=UNKNOWN))


def ask_about_limits(reader):
    reader.ask('nodes', put('nodes', value=[]))
    reader.ask('name', put('nodes', 1, 'name', value=''))
    reader.ask('arguments', put('nodes', 1, 'args', value=['h'] * 5000))
    reader.ask('rank', put('inputs', 'x', 'shape', value=[1] * 100))
    reader.ask('steps', put('run', 'steps', value=0))
    reader.ask('rules', put('rules', value=[{}] * 5000))
    reader.ask('tensors', put('inputs', value={f'x{i}': {'fill': 0, 'shape': []} for i in range(5000)}))
    reader.ask('equation', set_op('einsum', equation='a' * 5000))
    reader.ask('matrix names', put('matrix', value={f'N{i}': [0] for i in range(100)}))


def ask_second(reader):
    """What can be asked once ops, knobs and settings are known."""
    for op in reader.ops:
        reader.ask(f'op {op}', set_op(op, **{UNKNOWN: 1}))
        reader.ask(f'needs {op}', set_op(op))
    for knob in reader.knobs:
        reader.ask(f'knob {knob}', put('policy', value={knob: UNKNOWN}))
    for key in reader.settings:
        reader.ask(f'setting {key}', put('hardware', value={key: {}}))


def ask_arity(reader):
    for op in reader.ops:
        for count in range(MOST_TRIED_ARGUMENTS + 1):
            attributes = {key: SAMPLE[key] for key in reader.missing(f'needs {op}')}
            reader.ask(f'arity {op} {count}', set_op(op, **{**attributes, 'args': ['x'] * count}))


def interview(binary):
    reader = Reader(binary)
    ask_about_keys(reader)
    ask_about_words(reader)
    ask_about_limits(reader)
    reader.answer()
    reader.ops = reader.words('op')
    reader.knobs = [key for key in reader.keys('policy') if key != 'base']
    reader.settings = reader.words('hardware', 'one of ')
    reader.cases = {}
    ask_second(reader)
    reader.answer()
    reader.cases = {}
    ask_arity(reader)
    reader.answer()
    return reader
