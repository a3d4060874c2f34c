"""Files that are wrong in their structure, one change of a good case each: the schema and lint must
both refuse every one. Shared by the test of the schema and the mutation of cases."""
import copy
import json

from support import dense

S = {'fill': 1, 'shape': [4, 16]}


def change(*path, to):
    def edit(case):
        at = case
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = copy.deepcopy(to)
    return edit


def drop(*path):
    def edit(case):
        at = case
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
    return edit


def node(op, **keys):
    def edit(case):
        case['nodes'] = [{'name': 'h', 'op': op, 'args': ['x'], **keys}]
        case['rules'] = []
        case['run'] = {}
    return edit


def source(**keys):
    return change('inputs', 'x', to=keys)


WRONG = {
    # the case
    'a list for a case': lambda case: [case],
    'unknown key': change('colour', to=1),
    'key in another case of letters': change('Nodes', to=[]),
    'no version': drop('mxcheck'),
    'version 2': change('mxcheck', to=2),
    'version as text': change('mxcheck', to='1'),
    'no inputs': drop('inputs'),
    'no nodes': drop('nodes'),
    'title a number': change('title', to=3),
    'description a list': change('description', to=['a']),
    'tags a text': change('tags', to='smoke'),
    'a tag of two words': change('tags', to=['two words']),
    'a tag that is null': change('tags', to=[None]),
    'unknown check': change('checks', to=['goldn']),
    'checks a text': change('checks', to='golden'),
    # policy, hardware
    'unknown policy': change('policy', to='iee'),
    'policy a number': change('policy', to=1),
    'unknown knob': change('policy', to={'base': 'ieee', 'ties': 'up'}),
    'unknown value of a knob': change('policy', to={'tie': 'upward'}),
    'negative block': change('policy', to={'dot_block': -1}),
    'unknown preset': change('hardware', to='tpu_v9'),
    'hardware a list': change('hardware', to=['tpu_v1']),
    'unknown setting': change('hardware', to={'base': 'tpu_v1', 'lanes': 4}),
    'setting out of range': change('hardware', to={'rows': 0}),
    'setting of another type': change('hardware', to={'acc_bits': '32'}),
    'unknown word of a setting': change('hardware', to={'acc_overflow': 'clip'}),
    'number a setting cannot have': change('hardware', to={'product_group': 3}),
    'operand type that is none': change('hardware', to={'lhs_types': ['s16']}),
    'the same operand type twice': change('hardware', to={'lhs_types': ['s8', 's8']}),
    # inputs, params, sources
    'inputs a list': change('inputs', to=[S]),
    'params null': change('params', to=None),
    'a source that is a number': change('inputs', 'x', to=1),
    'an input without a name': change('inputs', '', to=S),
    'a control character in a name': change('inputs', 'a\x01', to=S),
    'a source without data': source(shape=[4, 16]),
    'two forms of a source': source(fill=1, iota=0, shape=[4, 16]),
    'unknown key of a source': source(fill=1, shape=[4, 16], sed=1),
    'key of another form': source(fill=1, shape=[4, 16], seed=1),
    'no shape': source(fill=1),
    'negative dimension': source(fill=1, shape=[-4, 16]),
    'dimension zero': source(fill=1, shape=[0, 16]),
    'fractional dimension': source(fill=1, shape=[4.5, 16]),
    'dimension as text': source(fill=1, shape=['4', 16]),
    'shape a number': source(fill=1, shape=64),
    'too many axes': source(fill=1, shape=[1] * 99),
    'unknown dtype': source(fill=1, shape=[4, 16], dtype='f31'),
    'dtype that is stored only': source(fill=1, shape=[4, 16], dtype='f4e2m1fn'),
    'fill null': source(fill=None, shape=[4, 16]),
    'fill a word': source(fill='one', shape=[4, 16]),
    'values a number': source(values=1, shape=[1]),
    'no values': source(values=[], shape=[1]),
    'a word among values': source(values=[1, 'two']),
    'an object among values': source(values=[[1, {}]]),
    'bits as numbers': source(bits=[3], shape=[1]),
    'bits that are not hex': source(bits=['0xzz'], shape=[1]),
    'no tensor name': source(file='a.safetensors'),
    'a file by its number': source(file=1, tensor='a'),
    'an absolute path': source(file='/etc/passwd', tensor='a'),
    'short checksum': source(file='a.safetensors', tensor='a', sha256='abc'),
    'iota on a negative axis': source(iota=-1, shape=[4, 16]),
    'iota on half an axis': source(iota=0.5, shape=[4, 16]),
    'iota with a word for its step': source(iota=0, step='one', shape=[4, 16]),
    'no seed': source(random='normal', shape=[4, 16]),
    'negative seed': source(random='normal', seed=-1, shape=[4, 16]),
    'seed beyond 64 bits': source(random='normal', seed=2**64, shape=[4, 16]),
    'unknown distribution': source(random='gauss', seed=1, shape=[4, 16]),
    'normal numbers with an end': source(random='normal', seed=1, shape=[4, 16], low=0),
    'normal integers': source(random='normal', seed=1, shape=[4, 16], dtype='s8'),
    'integers without ends': source(random='integers', seed=1, shape=[4, 16], dtype='s8'),
    'integers up to a half': source(random='integers', seed=1, shape=[4, 16], low=0, high=1.5),
    'scaled integers': source(random='integers', seed=1, shape=[4, 16], low=0, high=3, dtype='s8', scale=2),
    'steps of a param': change('params', 'Dense_0/kernel', to={'steps': [{'fill': 1, 'shape': [16, 8]}]}),
    'steps in steps': source(steps=[{'steps': [S]}]),
    'steps with a shape': source(steps=[S], shape=[4, 16]),
    'no step': source(steps=[]),
    'unknown statistic': change('quant_stats', to={'Dense_0/dot_general0_lhs/sum': S}),
    'statistic of no operand': change('quant_stats', to={'count': S}),
    # nodes
    'no node': change('nodes', to=[]),
    'nodes an object': change('nodes', to={'h': {}}),
    'node a text': change('nodes', 0, to='h'),
    'no name': drop('nodes', 0, 'name'),
    'no op': drop('nodes', 0, 'op'),
    'no args': drop('nodes', 0, 'args'),
    'empty name': change('nodes', 0, 'name', to=''),
    'name a number': change('nodes', 0, 'name', to=1),
    'name of 600 characters': change('nodes', 1, 'name', to='y' * 600),
    'unknown op': change('nodes', 0, 'op', to='dot_genral'),
    'op a list': change('nodes', 0, 'op', to=['relu']),
    'args a text': change('nodes', 1, 'args', to='h'),
    'argument a number': change('nodes', 1, 'args', to=[0]),
    'too few arguments': change('nodes', 0, 'args', to=['x']),
    'too many arguments': change('nodes', 1, 'args', to=['h', 'h']),
    'module with an empty part': change('nodes', 0, 'module', to='a//b'),
    'module a list': change('nodes', 0, 'module', to=['a', 'b']),
    'attribute of another op': change('nodes', 1, 'axis', to=0),
    'no dimension numbers': drop('nodes', 0, 'dimension_numbers'),
    'dimension numbers of another form': change('nodes', 0, 'dimension_numbers', to=[[1], [0]]),
    'three lists of dimension numbers': change('nodes', 0, 'dimension_numbers', to=[[[1], [0], []], [[], []]]),
    'an axis that is a text': change('nodes', 0, 'dimension_numbers', to=[[['1'], [0]], [[], []]]),
    'layouts of a convolution for a dot': change('nodes', 0, 'dimension_numbers', to=['NHWC', 'HWIO', 'NHWC']),
    'no equation': node('einsum'),
    'equation a list': node('einsum', equation=['ij', 'jk']),
    'unknown padding': node('max_pool', window=[1, 1], padding='FULL'),
    'padding of single numbers': node('max_pool', window=[1, 1], padding=[1, 1]),
    'padding of triples': node('max_pool', window=[1, 1], padding=[[0, 0, 0], [0, 0, 0]]),
    'empty window': node('max_pool', window=[]),
    'no axes': node('reduce_sum'),
    'axes a number': node('reduce_sum', axes=0),
    'keepdims a number': node('reduce_sum', axes=[0], keepdims=1),
    'axis a text': node('softmax', axis='last'),
    'axis a half': node('softmax', axis=0.5),
    'approximate a text': node('gelu', approximate='tanh'),
    'no shape to reshape to': node('reshape'),
    'reshape to a text': node('reshape', shape='64'),
    'no permutation': node('transpose'),
    'no limit': node('slice', start=[0, 0]),
    'strides empty': node('slice', start=[0, 0], limit=[1, 1], strides=[]),
    'no dtype to convert to': node('convert'),
    'unknown dtype to convert to': node('convert', dtype='int8'),
    'epsilon a text': node('rms_norm', epsilon='small'),
    'zero groups': node('conv_general_dilated', padding='SAME', feature_group_count=0),
    'two layouts': node('conv_general_dilated', padding='SAME', dimension_numbers=['NHWC', 'HWIO']),
    # rules
    'rules an object': change('rules', to={}),
    'rule a text': change('rules', 0, to='.*'),
    'unknown key of a rule': change('rules', 0, 'weights', to='s8'),
    'module_path null': change('rules', 0, 'module_path', to=None),
    'unknown type': change('rules', 0, 'weight_qtype', to='int8'),
    'type wider than a byte': change('rules', 0, 'weight_qtype', to='s16'),
    'op_names of a float op': change('rules', 0, 'op_names', to=['relu']),
    'op_names a text': change('rules', 0, 'op_names', to='einsum'),
    'unknown calibration': change('rules', 0, 'weight_calibration_method', to='absmin'),
    'calibration null': change('rules', 0, 'weight_calibration_method', to=None),
    'tile zero': change('rules', 0, 'tile_size', to=0),
    'tile of one and a half': change('rules', 0, 'tile_size', to=1.5),
    'tile a text': change('rules', 0, 'tile_size', to='4'),
    'static scale of no activations': change('rules', 0, to={'weight_qtype': 's8', 'act_static_scale': True}),
    'static scale a text': change('rules', 0, 'act_static_scale', to='yes'),
    'batch axes a number': change('rules', 0, 'act_batch_axes', to=0),
    'unknown noise': change('rules', 0, 'bwd_stochastic_rounding', to='gauss'),
    'channelwise flag null': change('rules', 0, 'disable_channelwise_axes', to=None),
    'unknown field': change('rules', 0, 'additional_qt_config', to={'lhs_type': 's8'}),
    'field of another type': change('rules', 0, 'additional_qt_config', to={'dlhs_tile_size': -4}),
    'flag of another type': change('rules', 0, 'additional_qt_config', to={'use_original_residuals': 1}),
    'fields as a list': change('rules', 0, 'additional_qt_config', to=[]),
    # run
    'run a text': change('run', to='grad'),
    'unknown key of run': change('run', 'epochs', to=1),
    'unknown mode': change('run', 'mode', to='backward'),
    'zero steps': change('run', 'steps', to=0),
    'too many steps': change('run', 'steps', to=10**9),
    'gradient of nothing': drop('run', 'cotangents'),
    'no cotangent': change('run', 'cotangents', to={}),
    'loss and cotangents': change('run', 'loss', to='y'),
    'loss a number': change('run', to={'mode': 'grad', 'loss': 1}),
    'cotangents of a forward run': change('run', 'mode', to='forward'),
    'optimizer of a gradient run': change('run', 'optimizer', to={'type': 'sgd', 'learning_rate': 1}),
    'training without an optimizer': change('run', 'mode', to='train'),
    'unknown optimizer': change('run', to={'mode': 'train', 'loss': 'y', 'optimizer': {
        'type': 'adam', 'learning_rate': 1}}),
    'optimizer without a rate': change('run', to={'mode': 'train', 'loss': 'y', 'optimizer': {'type': 'sgd'}}),
    'rate a text': change('run', to={'mode': 'train', 'loss': 'y', 'optimizer': {
        'type': 'sgd', 'learning_rate': 'low'}}),
    'unknown key of the optimizer': change('run', to={'mode': 'train', 'loss': 'y', 'optimizer': {
        'type': 'sgd', 'learning_rate': 1, 'nesterov': True}}),
    'update flag a text': change('run', 'update_quant_stats', to='no'),
    'unknown stream': change('run', 'rng', to={'dropout': 1}),
    'negative key of a stream': change('run', 'rng', to={'stochastic_rounding': -1}),
    # expect
    'expect a text': change('expect', to='a.safetensors'),
    'unknown key of expect': change('expect', to={'gold': 'a'}),
    'golden by an absolute path': change('expect', to={'golden': '/a.safetensors'}),
    'golden a number': change('expect', to={'golden': 1}),
    'expected values as a list': change('expect', to={'values': [S]}),
    'expected values by steps': change('expect', to={'values': {'step0/node/y': {'steps': [S]}}}),
    # matrix
    'matrix a list': change('matrix', to=[1, 2]),
    'matrix without values': change('matrix', to={'K': []}),
    'matrix of a single value': change('matrix', to={'K': 8}),
    'matrix name that is none': change('matrix', to={'1K': [8]}),
    'seventeen names': change('matrix', to={f'N{i}': [0] for i in range(17)}),
}


def wrong_case(name):
    case = dense()
    replaced = WRONG[name](case)
    return case if replaced is None else replaced


def wrong_text(name):
    return json.dumps(wrong_case(name), indent=1)
