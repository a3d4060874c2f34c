#!/usr/bin/env python3
"""Writes cases/schema/case.schema.json, or checks that it is what the program says.

    case_schema.py [--bin MXCHECK] [--write] [--root ROOT]

The reader is asked, not copied: for every object of the format a case with a key that does not
exist is given to `mxcheck lint --json`, whose answer lists the keys it knows; the same for the words
of every list of words, for missing keys, numbers of arguments and limits. The prose is here. A key
the reader knows and this file does not describe is an error, and so is the reverse. Without --write
the committed file must be equal to the generated one.
"""
import argparse
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

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

# Object of the format -> key -> what it means. The keys must be those of the reader.
CASE = {
    'mxcheck': 'Version of the case format.',
    'title': 'One line of free text, shown by list and in reports.',
    'description': 'Free text: what the case is about and which rule labels it shows.',
    'tags': 'Words to select cases by (mxcheck run --tag WORD).',
    'policy': 'Numerics policy: how the arithmetic is done that the norm leaves open.',
    'hardware': 'Configuration of the matrix unit: a preset, or one with changed settings.',
    'inputs': 'Input name -> tensor source: activations, labels, ids.',
    'params': 'module/path/param -> tensor source: weights, owned by the module before the last slash.',
    'quant_stats': 'module/path/<op_id>_lhs/<statistic> -> tensor source: statistics to start from.',
    'nodes': 'The graph, in execution order.',
    'rules': 'Quantization rules; the first that matches an op is used. Without any nothing is quantized.',
    'run': 'What is executed.',
    'checks': 'Checks to run instead of all that apply.',
    'expect': 'What must come out: a golden file, inline values or both; or the label of a refusal, alone.',
    'matrix': 'NAME -> list of values: the file stands for the product of all lists; "${NAME}" is replaced.',
}
NODE = {
    'name': 'Name of the value, unique among inputs, params and nodes.',
    'op': 'The operation.',
    'module': 'Path of the module the op belongs to, names joined by slashes; the top module if absent.',
    'args': 'Names of inputs, params or earlier nodes.',
}
ATTRIBUTES = {
    'dimension_numbers': 'dot_general: [[lhs_contract, rhs_contract], [lhs_batch, rhs_batch]], four lists of axes. '
                         'conv_general_dilated: layouts of lhs, rhs and result (default NHWC, HWIO, NHWC).',
    'equation': 'Einsum of two operands in letters, for example "bij,bjk->bik"; "..." is not supported.',
    'window_strides': 'Step of the window, one number per spatial axis (default: 1).',
    'padding': '"SAME", "VALID" or a pair [low, high] per spatial axis.',
    'lhs_dilation': 'Spacing of the input, one number per spatial axis (default: 1).',
    'rhs_dilation': 'Spacing of the kernel, one number per spatial axis (default: 1).',
    'feature_group_count': 'Number of groups the features are split into (default: 1).',
    'approximate': 'The tanh form (default: true).',
    'axes': 'Axes that are reduced; negative ones count from the end.',
    'keepdims': 'Reduced axes stay, with one element (default: false).',
    'axis': 'The axis; negative ones count from the end.',
    'epsilon': 'Added to the variance (default: 1e-6).',
    'shape': 'Shape of the result.',
    'permutation': 'For each axis of the result the axis of the operand.',
    'start': 'First index on each axis.',
    'limit': 'Index behind the last on each axis.',
    'strides': 'Step on each axis; of a pool: per spatial axis, default the window.',
    'dtype': 'Dtype of the result.',
    'window': 'Size of the window on each spatial axis.',
}
SAMPLE = {
    'dimension_numbers': [[[1], [0]], [[], []]], 'equation': 'ij,jk->ik', 'padding': 'SAME', 'axes': [0],
    'shape': [64], 'permutation': [1, 0], 'axis': 0, 'start': [0, 0], 'limit': [1, 1], 'dtype': 'f32',
    'window': [1, 1],
}
SOURCE = {
    'values': 'Numbers, flat or nested; or strings: "nan", "inf", "-inf", "-0", hex floats like "0x1.8p-3".',
    'bits': 'Bit patterns of the elements in hex, flat or nested.',
    'file': 'A safetensors file, relative to the case file and below the root of the suite.',
    'fill': 'One value for all elements.',
    'iota': 'The axis along which elements are start + step * index.',
    'random': 'Distribution of the counter-based random numbers.',
    'steps': 'One source per step of the run, all of one shape and dtype.',
    'shape': 'Shape of the tensor.',
    'dtype': 'Dtype of the tensor (default: f32; of a file: the stored one).',
    'tensor': 'Name of the tensor in the file.',
    'sha256': 'SHA-256 of the file in lower-case hex.',
    'start': 'First value (default: 0).',
    'step': 'Difference of neighbours (default: 1).',
    'seed': 'Key of the random numbers.',
    'low': 'Lower end: of uniform numbers (default: 0), or of integers, included.',
    'high': 'Upper end: of uniform numbers, excluded (default: 1), or of integers, included.',
    'scale': 'Factor, an f32 multiplication.',
    'shift': 'Summand after the factor, an f32 addition.',
}
RULE = {
    'module_path': 'Regular expression for the whole module path (default: ".*").',
    'op_names': 'Ops the rule is for; all if empty or absent.',
    'weight_qtype': 'Type of quantized weights; without one the rule leaves the op alone.',
    'act_qtype': 'Type of quantized activations.',
    'bwd_qtype': 'Type of quantized gradients.',
    'tile_size': 'Elements of a contracting axis that share a scale: an integer, or a fraction in (0, 1] of the axis.',
    'weight_calibration_method': 'How the range of weights is found.',
    'act_calibration_method': 'How the range of activations is found.',
    'bwd_calibration_method': 'How the range of gradients is found.',
    'act_static_scale': 'Scales of activations come from collected statistics (default: false).',
    'act_batch_axes': 'Axes that statistics are averaged over (default: [0]).',
    'bwd_weight_grad_tile_size': 'Tile of the weight gradient.',
    'bwd_stochastic_rounding': 'Noise that gradients are rounded with.',
    'channelwise_noise_axes': 'Axes along which the noise differs (default: [0]).',
    'disable_channelwise_axes': 'One scale per tile instead of one per channel (default: false).',
    'additional_qt_config': 'Single fields of the derived configuration.',
}
CONFIG = {
    'tile_size': 'Tile of the forward product.',
    **{f'{side}_qtype': f'Type of the {name} operand.' for side, name in (('lhs', 'left'), ('rhs', 'right'))},
    **{f'{side}_calibration_method': f'How the range of the {name} operand is found.'
       for side, name in (('lhs', 'left'), ('rhs', 'right'))},
    **{f'{side}_disable_channelwise_axes': f'No channelwise scales for the {name} operand.'
       for side, name in (('lhs', 'left'), ('rhs', 'right'))},
    **{f'{g}_grad_qtype': f'Type of the incoming gradient in the product for {g}.' for g in ('dlhs', 'drhs')},
    **{f'{g}_grad_calibration_method': f'How the range of the gradient for {g} is found.' for g in ('dlhs', 'drhs')},
    **{f'{g}_grad_disable_channelwise_axes': f'No channelwise scales for the gradient for {g}.'
       for g in ('dlhs', 'drhs')},
    **{f'{g}_tile_size': f'Tile of the product for {g}.' for g in ('dlhs', 'drhs')},
    'disable_gradient_clipping': 'Gradients of clipped elements are kept.',
    'use_original_residuals': 'Gradients use the operands before quantization.',
    **{f'{g}_residual_qtype': f'Type the residual of the product for {g} is quantized to.' for g in ('dlhs', 'drhs')},
    **{f'{g}_residual_calibration_method': f'How the range of the residual for {g} is found.'
       for g in ('dlhs', 'drhs')},
    **{f'{g}_residual_disable_channelwise_axes': f'No channelwise scales for the residual for {g}.'
       for g in ('dlhs', 'drhs')},
}
RUN = {
    'mode': 'forward; grad: forward and backward; calibrate: forward, statistics updated; train: forward, '
            'backward, statistics and params updated (default: forward).',
    'steps': 'Number of steps (default: 1); params, statistics and optimizer carry over.',
    'cotangents': 'Node -> tensor source: the incoming gradients of a backward pass.',
    'loss': 'Name of a scalar node; its cotangent is 1.',
    'update_quant_stats': 'Statistics are updated (default: in the modes calibrate and train).',
    'optimizer': 'How params are updated in the mode train.',
    'rng': 'Keys of random streams.',
}
OPTIMIZER = {
    'type': 'The method: p := p - g * learning_rate, with momentum v := v * momentum + g.',
    'learning_rate': 'Factor of the step.',
    'momentum': 'Factor of the velocity; none if null or absent.',
}
RNG = {'stochastic_rounding': 'Key of the stream of noise, folded with the step.'}
EXPECT = {
    'golden': 'Recorded values: a safetensors file, relative to the case file and below the root of the suite.',
    'values': 'Name of a value, as in a golden file -> tensor source.',
    'error': 'The label the case must be refused with; "*" for any.',
}
POLICY_BASE = 'Name of the policy that is changed (default: ieee).'
HARDWARE_BASE = 'Name of the preset that is changed (default: ideal_int32).'
KNOBS = {
    'scale_constant': 'How x / constant is computed in a calibration.',
    'quotient': 'How x / scale is computed.',
    'mean_divide': 'How sum / n is computed in means.',
    'reduce_order': 'Order of float sums.',
    'dot_order': 'Order of float contractions.',
    'dot_block': 'Products per block of a float contraction; 0: no blocks.',
    'code_clamp': 'How codes are kept in their range.',
    'scale_order': 'Order of the two products with scales.',
    'nan_code': 'Code of NaN.',
    'tie': 'Rounding of halves to codes.',
    'excess_precision': 'Precision of intermediate values of bf16 and f16 ops.',
}


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


# Pieces of schema. A string that mentions a name of `matrix` may stand for any value.
def ref(name):
    return {'$ref': f'#/$defs/{name}'}


def or_name(schema):
    return {'anyOf': [schema, ref('matrix_value')]}


def described(text, schema):
    return {'description': text, **schema}


def words(values):
    return {'anyOf': [{'enum': values}, ref('matrix_text')]}


def strict(properties, required=(), **more):
    out = {'type': 'object', 'properties': properties, 'patternProperties': {MENTION: True},
           'additionalProperties': False}
    if required:
        out['required'] = list(required)
    return {**out, **more}


def named(item, limit=None):
    out = {'type': 'object', 'propertyNames': ref('name'), 'additionalProperties': item}
    return {**out, 'maxProperties': limit} if limit else out


def list_of(item, **more):
    return or_name({'type': 'array', 'items': item, **more})


def pick(descriptions, known, schemas, what):
    """Properties for exactly the keys the reader knows."""
    for key in known:
        if key not in descriptions or key not in schemas:
            sys.exit(f'case_schema.py: {what}: the reader knows "{key}", this script does not describe it')
    for key in set(descriptions) | set(schemas):
        if key not in known:
            sys.exit(f'case_schema.py: {what}: "{key}" is described, the reader does not know it')
    return {key: described(descriptions[key], schemas[key]) for key in known}


MENTION = r'\$\{[A-Za-z_][A-Za-z0-9_]*\}'
TEXT = or_name({'type': 'string'})
INTEGER = or_name({'type': 'integer'})
BOOLEAN = or_name({'type': 'boolean'})
NUMBER = or_name({'type': 'number'})
INTEGERS = list_of(INTEGER)
SOME_INTEGERS = list_of(INTEGER, minItems=1)
ANY_NUMBER = ref('number')


def attribute_schemas(reader):
    pair = list_of(INTEGER, minItems=2, maxItems=2)
    equation = or_name({'type': 'string', 'maxLength': reader.limit('equation', r'at most (\d+) bytes')})
    return {
        'dimension_numbers': None,  # by op
        'equation': equation, 'window_strides': SOME_INTEGERS, 'lhs_dilation': SOME_INTEGERS,
        'padding': {'anyOf': [{'enum': reader.words('padding')}, {'type': 'array', 'items': pair},
                              ref('matrix_text')]},
        'rhs_dilation': SOME_INTEGERS, 'feature_group_count': or_name({'type': 'integer', 'minimum': 1}),
        'approximate': BOOLEAN, 'axes': INTEGERS, 'keepdims': BOOLEAN, 'axis': INTEGER, 'epsilon': NUMBER,
        'shape': INTEGERS, 'permutation': INTEGERS, 'start': INTEGERS, 'limit': INTEGERS,
        'strides': SOME_INTEGERS, 'dtype': words(reader.words('convert')), 'window': SOME_INTEGERS,
    }


def dimension_numbers(op):
    if op == 'dot_general':
        two = list_of(INTEGERS, minItems=2, maxItems=2)
        return list_of(two, minItems=2, maxItems=2)
    return list_of(TEXT, minItems=3, maxItems=3)


def arity(reader, op):
    good = [n for n in range(MOST_TRIED_ARGUMENTS + 1) if 'SHP-ARGS' not in reader.labels(f'arity {op} {n}')]
    if not good:
        sys.exit(f'case_schema.py: {op} takes no number of arguments')
    most = reader.limit_arguments if good[-1] == MOST_TRIED_ARGUMENTS else good[-1]
    return {'minItems': good[0], 'maxItems': most}


def node_defs(reader):
    """One object per op, and one for an op that the matrix names."""
    schemas = attribute_schemas(reader)
    common = {key: described(text, ref(f'node_{key}')) for key, text in NODE.items() if key != 'op'}
    defs, used = {}, set()
    for op in reader.ops:
        keys = reader.keys(f'op {op}')
        if keys[:4] != list(NODE):
            sys.exit(f'case_schema.py: a node has the keys {keys}')
        own = {}
        for key in keys[4:]:
            if key not in ATTRIBUTES or key not in schemas:
                sys.exit(f'case_schema.py: the attribute "{key}" of {op} is not described')
            own[key] = described(ATTRIBUTES[key], schemas[key] or dimension_numbers(op))
        used |= set(own)
        args = described(NODE['args'], list_of(TEXT, **arity(reader, op)))
        defs[f'op_{op}'] = strict({'name': common['name'], 'op': {'const': op}, 'module': common['module'],
                                   'args': args, **own}, reader.missing('node') + reader.missing(f'needs {op}'))
    if used != set(ATTRIBUTES):
        sys.exit(f'case_schema.py: no op has {set(ATTRIBUTES) - used}')
    loose = {key: described(text, {}) for key, text in ATTRIBUTES.items()}
    defs['op_of_matrix'] = strict({'name': common['name'], 'op': ref('matrix_text'), 'module': common['module'],
                                   'args': common['args'], **loose}, reader.missing('node'))
    return defs


def node_schema(reader):
    choose = [{'if': {'properties': {'op': {'const': op}}, 'required': ['op']}, 'then': ref(f'op_{op}')}
              for op in reader.ops]
    other = {'if': {'properties': {'op': {'enum': reader.ops}}, 'required': ['op']}, 'else': ref('op_of_matrix')}
    properties = {key: described(text, ref(f'node_{key}')) for key, text in NODE.items()}
    return {'description': 'One op of the graph, with the attributes the op has.', 'type': 'object',
            'required': reader.missing('node'), 'properties': properties, 'allOf': [*choose, other]}


FLOATS = ['f64', 'f32', 'f16', 'bf16', 'f8e4m3fn', 'f8e5m2']


def random_conditions(reader):
    def when(kind, then):
        return {'if': {'properties': {'random': {'const': kind}}, 'required': ['random']}, 'then': then}
    dtypes = reader.words('dtype')
    integers = [name for name in dtypes if name not in FLOATS]
    is_float = {'properties': {'dtype': words([name for name in dtypes if name in FLOATS])}}
    absent = {'not': {'anyOf': [{'required': ['low']}, {'required': ['high']}]}}
    scaled = {'not': {'anyOf': [{'required': ['scale']}, {'required': ['shift']}]}}
    needed = [key for key in reader.missing('needs integers') if key not in reader.missing('needs normal')]
    return [when('uniform', is_float), when('normal', {'allOf': [is_float, absent]}),
            when('integers', {'required': needed,
                              'properties': {key: or_name({'type': 'integer'}) for key in ('low', 'high')}}),
            {'if': {'properties': {'dtype': {'enum': integers}}, 'required': ['dtype']}, 'then': scaled}]


def source_schemas(reader):
    positive = or_name({'type': 'integer', 'minimum': 1})
    rank = reader.limit('rank', r'at most (\d+) positive')
    return {
        'values': list_of({'anyOf': [ANY_NUMBER, {'type': 'boolean'}, ref('nested_numbers')]}, minItems=1),
        'bits': list_of({'anyOf': [ref('pattern'), ref('nested_patterns')]}, minItems=1),
        'file': ref('path'), 'fill': {'anyOf': [ANY_NUMBER, {'type': 'boolean'}]},
        'iota': or_name({'type': 'integer', 'minimum': 0}), 'random': words(reader.words('random')),
        'steps': list_of(ref('source'), minItems=1), 'shape': list_of(positive, maxItems=rank),
        'dtype': words(reader.words('dtype')), 'tensor': TEXT,
        'sha256': or_name({'type': 'string', 'pattern': '^[0-9a-f]{64}$'}), 'start': ANY_NUMBER, 'step': ANY_NUMBER,
        'seed': ref('seed'), 'low': ANY_NUMBER, 'high': ANY_NUMBER, 'scale': ANY_NUMBER, 'shift': ANY_NUMBER,
    }


def source_defs(reader):
    schemas = source_schemas(reader)
    forms = reader.words('source', 'exactly one of ')
    if sorted(forms) != sorted(FORMS):
        sys.exit(f'case_schema.py: the forms of a source are {forms}')
    defs, used = {}, set()
    for form in forms:
        keys = reader.keys(f'source {form}')
        used |= set(keys)
        properties = pick({key: SOURCE.get(key) for key in keys}, keys,
                          {key: schemas.get(key, {}) for key in keys}, f'source {form}')
        required = [form] + [key for key in reader.missing(f'needs {form}') if key != form]
        more = {'allOf': random_conditions(reader)} if form == 'random' else {}
        defs[f'source_{form}'] = strict(properties, required, **more)
    if used != set(SOURCE):
        sys.exit(f'case_schema.py: a source has {used ^ set(SOURCE)}')

    def source(names, text):
        choose = [{'if': {'required': [form]}, 'then': ref(f'source_{form}')} for form in names]
        properties = {key: described(SOURCE[key], schemas[key]) for key in SOURCE
                      if 'steps' in names or key != 'steps'}
        shown = {'description': text, 'type': 'object', 'properties': properties,
                 'oneOf': [{'required': [form]} for form in names], 'allOf': choose}
        if 'steps' not in names:
            shown['not'] = {'required': ['steps']}
        return or_name(shown)
    plain = [form for form in forms if form != 'steps']
    defs['source'] = source(plain, 'Where a tensor comes from: exactly one form.')
    defs['source_or_steps'] = source(forms, 'Where a tensor comes from: one form, or one source per step.')
    return defs


def rule_schemas(qtypes, reader):
    qtype = {'anyOf': [{'enum': [*qtypes, None]}, ref('matrix_text')]}
    return {
        'module_path': TEXT, 'op_names': {'anyOf': [{'type': 'array', 'items': words(reader.words('op_names'))},
                                                    {'type': 'null'}, ref('matrix_value')]},
        **{f'{side}_qtype': qtype for side in ('weight', 'act', 'bwd')},
        **{f'{side}_calibration_method': ref('method') for side in ('weight', 'act', 'bwd')},
        'tile_size': ref('tile'), 'bwd_weight_grad_tile_size': ref('tile'), 'act_static_scale': BOOLEAN,
        'act_batch_axes': INTEGERS, 'channelwise_noise_axes': INTEGERS, 'disable_channelwise_axes': BOOLEAN,
        'bwd_stochastic_rounding': {'anyOf': [{'enum': [*reader.words('noise'), None]}, ref('matrix_text')]},
        'additional_qt_config': ref('additional_qt_config'),
    }


def config_schemas(qtypes):
    qtype = {'anyOf': [{'enum': [*qtypes, None]}, ref('matrix_text')]}

    def schema(key):
        for ending, found in (('tile_size', ref('tile')), ('qtype', qtype), ('calibration_method', ref('method'))):
            if key.endswith(ending):
                return found
        return BOOLEAN
    return {key: schema(key) for key in CONFIG}


def rule_defs(reader):
    qtypes = reader.words('qtype', 'null or one of ')
    static = {'if': {'properties': {'act_static_scale': {'const': True}}, 'required': ['act_static_scale']},
              'then': {'required': ['act_qtype'], 'properties': {'act_qtype': {'type': 'string'}}}}
    config = strict(pick(CONFIG, reader.keys('config'), config_schemas(qtypes), 'additional_qt_config'))
    method = {
        'type': 'string',
        'pattern': r'^\s*(?:[Aa][Bb][Ss][Mm][Aa][Xx]|[Mm][Ii][Nn][Mm][Aa][Xx]|[Rr][Mm][Ss]|[Ff][Ii][Xx][Ee][Dd])\s*(?:,.*)?$',
        'examples': ['absmax', 'absmax,0.9', 'minmax', 'rms,4', 'fixed,4', 'fixed,-1,3']}
    tile = [{'type': 'integer', 'minimum': 1}, {'type': 'number', 'exclusiveMinimum': 0, 'maximum': 1},
            {'type': 'null'}, ref('matrix_value')]
    return {
        'rule': strict(pick(RULE, reader.keys('rule'), rule_schemas(qtypes, reader), 'rule'), **static,
                       description='For the ops it matches: what is quantized, and how.'),
        'additional_qt_config': {'anyOf': [config, {'type': 'null'}, ref('matrix_value')]},
        'method': {'anyOf': [method, ref('matrix_text')]}, 'tile': {'anyOf': tile}}


def run_defs(reader):
    absent = [{'required': [key]} for key in ('loss', 'cotangents')]
    no_optimizer = {'not': {'required': ['optimizer']}}

    def when(modes, then):
        return {'if': {'properties': {'mode': {'enum': modes}}, 'required': ['mode']}, 'then': then}
    conditions = [
        when(['forward', 'calibrate'], {'not': {'anyOf': [*absent, {'required': ['optimizer']}]}}),
        {'if': {'not': {'required': ['mode']}}, 'then': {'not': {'anyOf': [*absent, {'required': ['optimizer']}]}}},
        when(['grad'], {'oneOf': absent, **no_optimizer}), when(['train'], {'oneOf': absent,
                                                                           'required': ['optimizer']})]
    optimizer = {'type': words(reader.words('optimizer type')), 'learning_rate': NUMBER,
                 'momentum': {'anyOf': [{'type': ['number', 'null']}, ref('matrix_value')]}}
    most = reader.limit('steps', r'from 1 to (\d+)')
    schemas = {'mode': words(reader.words('mode')), 'steps': or_name({'type': 'integer', 'minimum': 1, 'maximum': most}),
               'cotangents': or_name({**named(ref('source_or_steps')), 'minProperties': 1}), 'loss': TEXT,
               'update_quant_stats': BOOLEAN,
               'optimizer': or_name(strict(pick(OPTIMIZER, reader.keys('optimizer'), optimizer, 'optimizer'),
                                           reader.missing('optimizer'))),
               'rng': or_name(strict(pick(RNG, reader.keys('rng'), {'stochastic_rounding': ref('seed')}, 'rng'),
                                     reader.missing('rng')))}
    return {'run': strict(pick(RUN, reader.keys('run'), schemas, 'run'), allOf=conditions)}


def policy_defs(reader):
    names = reader.words('policy name')
    schemas = {'base': words(names)}
    for knob in reader.knobs:
        if any('an integer from 0' in f['expectation'] for f in reader.findings[f'knob {knob}']):
            schemas[knob] = {'anyOf': [{'type': 'integer', 'minimum': 0}, {'type': 'string', 'pattern': '^[0-9]+$'},
                                       ref('matrix_text')]}
        else:
            values = reader.words(f'knob {knob}')
            schemas[knob] = words(values + [int(value) for value in values if value.isdigit()])
    texts = {'base': POLICY_BASE, **KNOBS}
    return {'policy': {'anyOf': [{'enum': names}, strict(pick(texts, reader.keys('policy'), schemas, 'policy')),
                                 ref('matrix_text')]}}


def setting_schema(text):
    """From "an integer from 1 to 4096, or "rows"", "one of 1, 2", "one of "wrap", "trap"", a list of types."""
    if text.startswith('a list'):
        types = re.findall(r'"([^"]*)"', text)
        return list_of(words(types), minItems=1, uniqueItems=True)
    if text.startswith('one of '):
        values = [json.loads(value) for value in text[len('one of '):].split(', ')]
        return {'anyOf': [{'enum': values}, ref('matrix_value')]}
    number = re.match(r'an integer from (-?\d+) to (-?\d+)', text)
    special = re.findall(r'"([^"]*)"', text)
    options = [{'type': 'integer', 'minimum': int(number[1]), 'maximum': int(number[2])}]
    if special:
        options.append({'enum': special + ([None] if 'none' in special else [])})
    return {'anyOf': [*options, ref('matrix_value')]}


def hardware_defs(reader):
    names = reader.words('hardware name')
    properties = {'base': described(HARDWARE_BASE, words(names))}
    for key in reader.settings:
        finding = next(f for f in reader.findings[f'setting {key}'] if f['label'] == 'HW-VALUE')
        text = finding['hint'][:1].upper() + finding['hint'][1:] + '.'
        properties[key] = described(text, setting_schema(finding['expectation']))
    return {'hardware': {'anyOf': [{'enum': names}, strict(properties), ref('matrix_text')]}}


def expect_defs(reader):
    schemas = {'golden': ref('path'), 'values': or_name({'type': 'object', 'additionalProperties': ref('source')}),
               'error': words(['*', *reader.refusals()])}
    alone = {'if': {'required': ['error']}, 'then': {'maxProperties': 1}}
    return {'expect': strict(pick(EXPECT, reader.keys('expect'), schemas, 'expect'), **alone)}


def basic_defs(reader):
    name = {'type': 'string', 'minLength': 1, 'maxLength': reader.limit('name', r'1 to (\d+) bytes'),
            'pattern': r'^[^\x00-\x1f\x7f]*$'}
    number_text = r'^(?:nan|inf|-inf|-0|-?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][-+]?[0-9]{1,6})?)$'
    module = {'type': 'string', 'maxLength': name['maxLength'], 'pattern': r'^(?:|[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)*)$'}
    return {
        'matrix_value': {'description': 'A name of the matrix, replaced by its value.', 'type': 'string',
                         'pattern': f'^{MENTION}$'},
        'matrix_text': {'description': 'A text in which names of the matrix are replaced.', 'type': 'string',
                        'pattern': MENTION},
        'name': name,
        'node_name': ref('name'), 'node_op': words(reader.ops), 'node_module': {'anyOf': [module, ref('matrix_text')]},
        'node_args': list_of(TEXT, maxItems=reader.limit_arguments),
        'number': {'anyOf': [{'type': 'number'}, {'type': 'string', 'pattern': number_text}, ref('matrix_text')]},
        'nested_numbers': {'type': 'array', 'minItems': 1,
                           'items': {'anyOf': [ref('number'), {'type': 'boolean'}, ref('nested_numbers')]}},
        'pattern': {'anyOf': [{'type': 'string', 'pattern': '^[0-9a-fA-F]+$'}, ref('matrix_text')]},
        'nested_patterns': {'type': 'array', 'minItems': 1,
                            'items': {'anyOf': [ref('pattern'), ref('nested_patterns')]}},
        'path': {'type': 'string', 'minLength': 1, 'maxLength': 512, 'pattern': '^[^/]'},
        'seed': or_name({'type': 'integer', 'minimum': 0, 'maximum': 2**64 - 1}),
    }


def case_schemas(reader):
    tensors = reader.limit('tensors', r'at most (\d+) tensors')
    statistic = {'type': 'object', 'additionalProperties': ref('source'), 'propertyNames': {
        'pattern': f'{MENTION}|_(?:lhs|rhs)/(?:count|sum_of_absmax|sum_of_min|sum_of_max)$'}}
    return {
        'mxcheck': {'const': 1}, 'title': TEXT, 'description': TEXT,
        'tags': list_of({'allOf': [ref('name'), {'pattern': '^[^ ,]*$'}]}),
        'policy': ref('policy'), 'hardware': ref('hardware'),
        'inputs': or_name(named(ref('source_or_steps'), tensors)), 'params': or_name(named(ref('source'), tensors)),
        'quant_stats': or_name(statistic),
        'nodes': list_of(or_name(ref('node')), minItems=1, maxItems=reader.limit('nodes', r'1 to (\d+) nodes')),
        'rules': list_of(or_name(ref('rule')), maxItems=reader.limit('rules', r'at most (\d+) rules')),
        'run': or_name(ref('run')), 'checks': list_of(words(reader.words('check'))), 'expect': or_name(ref('expect')),
        'matrix': {'type': 'object', 'maxProperties': reader.limit('matrix names', r'at most (\d+)'),
                   'propertyNames': {'pattern': '^[A-Za-z_][A-Za-z0-9_]*$'},
                   'additionalProperties': {'type': 'array', 'minItems': 1}},
    }


def generate(reader):
    reader.limit_arguments = reader.limit('arguments', r'at most (\d+) arguments')
    properties = pick(CASE, reader.keys('case'), case_schemas(reader), 'case')
    defs = {**basic_defs(reader), 'node': node_schema(reader), **node_defs(reader), **source_defs(reader),
            **rule_defs(reader), **run_defs(reader), **policy_defs(reader), **hardware_defs(reader),
            **expect_defs(reader)}
    case = strict(properties, ['mxcheck', *reader.missing('nothing')])
    del case['patternProperties']
    return {'$schema': 'https://json-schema.org/draft/2020-12/schema', '$id': 'urn:mxcheck:case:1',
            'title': 'mxcheck case, version 1',
            'description': 'A small quantized graph, its data, what to run, and what must come out. '
                           'Written by scripts/case_schema.py from what the reader says.',
            **case, '$defs': defs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[1]
    parser.add_argument('--bin', default=str(root / 'build/release/bin/mxcheck'))
    parser.add_argument('--root', type=pathlib.Path, default=root, help='the repository')
    parser.add_argument('--write', action='store_true', help='write the file instead of comparing')
    options = parser.parse_args()
    text = json.dumps(generate(interview(options.bin)), indent=1) + '\n'
    file = options.root / 'cases/schema/case.schema.json'
    if options.write:
        file.write_text(text, encoding='utf-8')
        print(f'{file}: written')
        return 0
    if not file.exists() or file.read_text(encoding='utf-8') != text:
        print(f'{file} is not what the program says; scripts/case_schema.py --write, and read the difference')
        return 1
    print(f'{file}: as the program says')
    return 0


if __name__ == '__main__':
    sys.exit(main())
