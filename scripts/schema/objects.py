"""The schema of each object of the format, from what the reader knows and the prose."""
import json
import re
import sys

from schema.pieces import (ANY_NUMBER, BOOLEAN, INTEGER, INTEGERS, MENTION, NUMBER, SOME_INTEGERS, TEXT, described,
                           list_of, named, or_name, pick, ref, strict, words)
from schema.prose import (ATTRIBUTES, CASE, CONFIG, EXPECT, HARDWARE_BASE, KNOBS, NODE, OPTIMIZER, POLICY_BASE, RNG,
                          RULE, RUN, SOURCE)
from schema.reader import FORMS, MOST_TRIED_ARGUMENTS


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


def case_schema(reader):
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
