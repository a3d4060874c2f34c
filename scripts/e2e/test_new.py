"""`new`: every template in every mode, and a graph around every op, is a valid case in canonical layout that
runs at once; what cannot be meant is refused in words, and nothing is overwritten."""
import json
import re

from support import REPOSITORY, ToolTest

TEMPLATES = ('dense', 'conv', 'einsum', 'ragged', 'attention', 'mlp', 'train')
MODES = ('float', 'qat', 'qt', 'ptq', 'weight_only', 'srq')
# A ragged product quantizes both sides; training needs a backward pass.
IMPOSSIBLE = {('ragged', 'weight_only'), ('train', 'ptq'), ('train', 'weight_only')}


class New(ToolTest):
    def test_the_words_of_the_manual(self):
        out = self.tool('new', 'mine', '--op', 'dot_general', '--mode', 'qt', code=0).stdout
        self.assertTrue(out.startswith('mine.json\nnext:\n'), out)
        case = json.loads((self.folder / 'mine.json').read_text())
        self.assertEqual(case['nodes'][0]['op'], 'dot_general')
        self.assertEqual(case['rules'], [{'weight_qtype': 's8', 'act_qtype': 's8', 'bwd_qtype': 's8'}])
        self.assertEqual(self.tool('lint', 'mine.json', code=0).stderr, '')
        run = self.tool('run', 'mine.json', code=0).stdout
        self.assertIn('no expected values yet', run)
        self.assertTrue(run.endswith('1 passed, 0 failed, 0 skipped\n'), run)
        for line in out.splitlines()[2:]:
            if 'bless' not in line:
                self.tool(*line.split('#')[0].split()[1:], code=0)

    def test_every_template_in_every_mode_runs_at_once(self):
        for template in TEMPLATES:
            for mode in MODES:
                code = 4 if (template, mode) in IMPOSSIBLE else 0
                self.tool('new', f'cases/{mode}/{template}', '--template', template, '--mode', mode, code=code)
        self.tool('new', 'cases/q/srq', '--template', 'srq', code=0)
        self.tool('new', 'cases/q/raw', '--template', 'raw', code=0)
        self.check_all(len(TEMPLATES) * len(MODES) - len(IMPOSSIBLE) + 2)

    def test_every_op_has_a_graph(self):
        table = (REPOSITORY / 'sim/graph/ops.def').read_text(encoding='utf-8')
        ops = re.findall(r'^MXCHECK_OP\((\w+),', table, re.M)
        self.assertGreater(len(ops), 40)
        for op in ops:
            self.tool('new', f'cases/qt/{op}', '--op', op, code=0)
            self.tool('new', f'cases/float/{op}', '--op', op, '--mode', 'float', '--dtype', 'bf16', code=0)
            self.assertIn(op, {n['op'] for n in json.loads((self.folder / f'cases/qt/{op}.json').read_text())['nodes']})
        self.check_all(2 * len(ops))

    def check_all(self, count):
        """Valid, clean, in layout; what has a rule passes and has ties, saturated and sensitive codes."""
        self.assertIn(f'{count} cases, 0 errors, 0 warnings', self.tool('lint', 'cases', code=0).stdout)
        self.tool('fmt', '--check', 'cases', code=0)
        self.tool('run', 'cases', '-j', '0', '-k', 'not float/', '--report', 'json=r.json', code=0)
        for case in json.loads((self.folder / 'r.json').read_text())['cases']:
            self.assertEqual(case['status'], 'PASS', case['id'])
            for count in ('ties', 'saturated', 'sensitive') if case['quantizations'] else ():
                self.assertGreater(sum(q[count] or 0 for q in case['quantizations']), 0, (case['id'], count))
        # Floats alone: nothing can be said without expected values, and that is said.
        result = self.tool('run', 'cases', '-k', 'float/', code=1).stdout
        self.assertIn('no expected values yet', result)
        self.assertNotIn('FAIL ', result)

    def test_types_tiles_and_shapes(self):
        self.tool('new', 'a', '--lhs', 'int8', '--rhs', 'int4', '--bwd', 'float', '--tile', '8', '--shape',
                  '6x32x5', '--calibration', 'minmax', '--weight-calibration', 'absmax,0.75', '--policy',
                  'xla_cpu', '--hardware', 'gemmini_16', code=0)
        case = json.loads((self.folder / 'a.json').read_text())
        self.assertEqual(case['rules'], [{'weight_qtype': 's4', 'act_qtype': 's8', 'tile_size': 8,
                                          'weight_calibration_method': 'absmax,0.75',
                                          'act_calibration_method': 'minmax'}])
        self.assertEqual((case['policy'], case['hardware']), ('xla_cpu', 'gemmini_16'))
        self.assertEqual(case['inputs']['x']['shape'], [6, 32])
        self.tool('run', 'a.json', code=0)
        self.tool('new', 'b', '--template', 'raw', '--lhs', 'uint8', '--rhs', 's4', code=0)
        self.assertEqual(json.loads((self.folder / 'b.json').read_text())['inputs']['a']['dtype'], 'u8')
        self.tool('new', 'c.json', '--tile', '0.25', '--mode', 'ptq', '-o', 'deep/folder', code=0)
        self.tool('run', 'deep/folder/c.json', code=0)

    def test_what_cannot_be_meant_is_refused_and_nothing_is_written(self):
        for arguments, words in (
                (['x', '--template', 'dens'], "did you mean 'dense'"), (['x', '--op', 'dot_generl'], 'dot_general'),
                (['x', '--mode', 'qta'], 'qat'), (['x', '--lhs', 'int9'], 'did you mean'),
                (['x', '--tile', '7'], 'TIL-DIVIDE'), (['x', '--shape', '5x24'], 'MxKxN'),
                (['x', '--shape', '5x0x7'], '--shape'), (['x', '--shape', '4096x4096x4096'], '--shape'),
                (['x', '--calibration', 'rmss'], 'CAL-METHOD'), (['x', '--mode', 'float', '--lhs', 's8'], 'no rule'),
                (['x', '--mode', 'qat', '--bwd', 's8'], '--bwd'), (['x', '--template', 'srq', '--mode', 'qt'], 'srq'),
                (['x', '--template', 'raw', '--lhs', 'f8e4m3fn'], 'raw'),
                (['x', '--op', 'max_pool', '--shape', '2x3x4'], 'pool'), (['x', 'y'], 'one name'), ([], 'one name'),
                (['x', '--op', 'add', '--template', 'conv'], 'one at a time'), (['.json'], 'no name')):
            self.assertIn(words, self.tool('new', *arguments, code=4).stderr, arguments)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_existing_file_is_kept_without_force(self):
        path = self.write('a.json', '{}')
        self.assertIn('--force', self.tool('new', 'a', code=4).stderr)
        self.assertEqual(path.read_text(), '{}')
        self.tool('new', 'a', '--force', code=0)
        self.tool('lint', 'a.json', code=0)
