"""What the keys of the case format mean, for people: object -> key -> text. The keys must be those of the
reader; case_schema.py fails on one too many or too few."""

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
