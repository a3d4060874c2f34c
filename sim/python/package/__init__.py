"""mxcheck from Python: runs cases and returns verdicts and values, or computes one operation.

    results = mxcheck.run('cases/qt', values='end_to_end')
    for case in results.cases:
        print(case.id, case.status, case.values['step0/node/y'])

A call that cannot be meant raises mxcheck.Error, whose `diagnostics` say everything that is wrong. A case that is
refused is a result like the others, with status SUITE_ERROR and its reasons in `results.diagnostics`.

Values are numpy arrays of the type of the same name; where numpy has none they are the bits: bf16 as uint16, f8e4m3fn,
f8e5m2, f4e2m1fn and u4 as uint8, s4 as int8. `case.dtypes[name]` is the type's name. With ml_dtypes the bits become
numbers without a copy: `case.values[name].view(ml_dtypes.bfloat16)`.
"""
import os

from . import _native
from ._native import (CaseResult, CheckResult, Diagnostic, Finding, Mismatch, ProductResult, QuantizeResult, Results,
                      Severity, __version__, commit)

__all__ = ['CaseResult', 'CheckResult', 'Diagnostic', 'Error', 'Finding', 'Mismatch', 'ProductResult',
           'QuantizeResult', 'Results', 'Severity', 'commit', 'multiply', 'quantize', 'run']


class Error(Exception):
    """A call could not be meant, or the program failed. `diagnostics`: every problem (list of Diagnostic)."""

    def __init__(self, diagnostics):
        self.diagnostics = list(diagnostics)
        errors = [d for d in self.diagnostics if d.severity == Severity.ERROR]
        super().__init__('\n'.join(str(d) for d in errors))


def _word(option, word, words):
    try:
        return words.__members__[word]
    except KeyError:
        known = ', '.join(words.__members__)
        raise ValueError(f"{option} is {word!r}; it must be one of: {known}") from None


def _texts(value):
    return [value] if isinstance(value, str) else list(value)


def run(paths=(), *, texts=None, folder='', keyword='', tags=(), ops=(), ids=(), checks=(), shard=(0, 1), policy='',
        hardware='', level='auto', isa='', seed=0, jobs=1, max_failures=0, values='nothing', report='none',
        finished=None):
    """Runs cases and returns Results.

    paths         files and folders: one, or a list
    texts         {id: JSON text} of further cases, whose files lie in `folder`
    keyword, tags, ops, ids, checks, shard    select cases, and the checks of each; all must be satisfied
    policy, hardware, level, isa, seed        as the options of `mxcheck run`
    values        'nothing', 'end_to_end' or 'isolated': what case.values holds
    report        'none' or 'json': results.report
    finished      is called with each CaseResult, in case order; what it raises ends the run and is raised here
    """
    options = _native.Options()
    options.paths = [os.fspath(paths)] if isinstance(paths, (str, os.PathLike)) else [os.fspath(p) for p in paths]
    options.texts = [_native.CaseText(i, text, os.fspath(folder)) for i, text in (texts or {}).items()]
    options.keyword = keyword
    options.tags, options.ops, options.ids, options.checks = map(_texts, (tags, ops, ids, checks))
    options.shard_index, options.shard_count = shard
    options.policy, options.hardware, options.isa = policy, os.fspath(hardware), isa
    options.level = _word('level', level, _native.Level)
    options.seed, options.jobs, options.max_failures = seed, jobs, max_failures
    options.values = _word('values', values, _native.Wanted)
    options.report = _word('report', report, _native.Report)
    results = _native.run(options, finished)
    if not results.cases and any(d.severity == Severity.ERROR for d in results.diagnostics):
        raise Error(results.diagnostics)
    return results


def multiply(lhs, rhs, init=None, *, hardware='ideal_int32', level='functional', lhs_dtype='', rhs_dtype=''):
    """One product of codes on a matrix unit: lhs [m, k], rhs [k, n], init [m, n] int64.

    The dtypes are those of the arrays (int8, uint8) unless lhs_dtype or rhs_dtype names what numpy has no type for
    (s4, u4: a byte each). level: 'functional' or 'cycle'. Returns ProductResult; acc is int64 [m, n].
    """
    product = _native.Product()
    product.set_lhs(lhs, lhs_dtype)
    product.set_rhs(rhs, rhs_dtype)
    if init is not None:
        product.set_init(init)
    product.hardware = os.fspath(hardware)
    product.level = _word('level', level, _native.Level)
    result = _native.multiply(product)
    if result.diagnostics:
        raise Error(result.diagnostics)
    return result


def quantize(x, qtype='s8', method='absmax', *, channelwise=(), tiles=None, policy='ieee', dtype=''):
    """Quantizes x (float64, float32, float16; bits of bf16 with dtype='bf16') as an operand is quantized.

    channelwise: axes with a scale an index; tiles: {axis: elements per scale}. Returns QuantizeResult: qvalue, scale,
    zero_point (or None), dequantized.
    """
    request = _native.Quantize()
    request.set_x(x, dtype)
    request.qtype, request.method, request.policy = qtype, method, policy
    request.channelwise = list(channelwise)
    request.tiles = dict(tiles or {})
    result = _native.quantize(request)
    if result.diagnostics:
        raise Error(result.diagnostics)
    return result
