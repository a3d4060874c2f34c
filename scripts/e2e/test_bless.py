"""`bless`: from a new case to one that passes, and what it refuses. (Killed: test_kill.py.)"""
import hashlib
import json
import os
import pathlib
import shutil

from support import REPOSITORY, ToolTest, dense, read_safetensors, write_safetensors


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Bless(ToolTest):
    EPOCH = {'SOURCE_DATE_EPOCH': '86400'}

    def new(self, name='a', *arguments):
        self.tool('new', name, *arguments, code=0)
        return self.folder / f'{name}.json'

    def edit(self, path, change):
        case = json.loads(path.read_text())
        change(case)
        path.write_text(json.dumps(case))

    def test_new_lint_run_bless_pass_edit_fail_bless(self):
        path = self.new('a', '--op', 'dot_general', '--mode', 'qt')
        self.tool('lint', path, code=0)
        self.assertIn('no expected values yet', self.tool('run', path, code=0).stdout)
        out = self.tool('bless', path, code=0, environment=self.EPOCH).stdout
        self.assertIn('new      step0/node/y  f32[5, 7]', out)
        self.assertIn('1 cases: 1 blessed, 0 unchanged, 0 refused', out)
        self.assertEqual(json.loads(path.read_text())['expect'], {'golden': 'a.safetensors'})
        self.tool('fmt', '--check', path, code=0)
        self.tool('lint', path, code=0)
        run = self.tool('run', path, code=0).stdout
        self.assertIn('golden isolated: 1 cases', run)
        self.assertNotIn('no expected values', run)
        golden = self.folder / 'a.safetensors'
        self.assertEqual((self.folder / 'SHA256SUMS').read_text(), f'{digest(golden)}  a.safetensors\n')
        entry = json.loads((self.folder / 'PROVENANCE.json').read_text())['files']['a.safetensors']
        self.assertEqual((entry['source'], entry['date'], entry['sha256'], entry['case_sha256']),
                         ('mxcheck sim', '1970-01-02T00:00:00Z', digest(golden), digest(path)))
        before = golden.read_bytes()
        self.assertIn('0 blessed, 1 unchanged', self.tool('bless', path, code=0).stdout)
        self.assertEqual(golden.read_bytes(), before)

        self.edit(path, lambda c: c.update(policy={'base': 'ieee', 'tie': 'away'}))
        self.assertIn('FAIL a  golden', self.tool('run', path, code=1).stdout)
        shown = self.tool('bless', path, '--dry-run', code=0).stdout
        self.assertRegex(shown, r'changed  step0/\S+  \d+ of \d+ differ, first \[\d+')
        self.assertRegex(shown, r'new -?[\d.e+-]+ \(0x[0-9a-f]+\)  old -?[\d.e+-]+ \(0x')
        self.assertIn('1 would be blessed', shown)
        self.assertEqual(golden.read_bytes(), before)
        self.tool('bless', path, code=0)
        self.assertNotEqual(golden.read_bytes(), before)
        self.tool('run', path, code=0)

    def test_every_template_can_be_blessed_and_passes_then(self):
        for template in ('dense', 'conv', 'einsum', 'ragged', 'attention', 'mlp', 'train', 'srq', 'raw'):
            self.new(f'cases/{template}', '--template', template)
        self.new('cases/float', '--mode', 'float')
        self.tool('bless', 'cases', code=0)
        self.assertIn('10 passed, 0 failed', self.tool('run', 'cases', code=0).stdout)
        self.assertIn('10 unchanged', self.tool('bless', 'cases', code=0).stdout)

    def test_a_matrix_gets_a_golden_for_each_expansion(self):
        case = dense(matrix={'M': [4, 6]})
        case['inputs']['x']['shape'] = ['${M}', 16]
        case['run']['cotangents']['y']['shape'] = ['${M}', 8]
        path = self.write('cases/a.json', case)
        self.tool('bless', path, code=0)
        self.assertEqual({p.name for p in (self.folder / 'cases/a').glob('*.safetensors')},
                         {'M=4.safetensors', 'M=6.safetensors'})
        self.assertIn('2 passed', self.tool('run', 'cases', code=0).stdout)
        self.assertEqual(json.loads(path.read_text())['matrix'], {'M': [4, 6]})

    def test_what_needs_a_reason(self):
        # Values outside of the defined order; a case that proves nothing.
        path = self.new('a', '--mode', 'float', '--shape', '3x400x4')
        self.edit(path, lambda c: c.update(policy='xla_cpu'))
        zero = self.new('zero')
        self.edit(zero, lambda c: (c['inputs'].update(x={'fill': 0, 'shape': [5, 24]}),
                                   c['params'].update({'Dense_0/kernel': {'fill': 0, 'shape': [24, 7]}})))
        self.edit(zero, lambda c: c['run'].update(mode='forward') or c['run'].pop('cotangents'))
        self.edit(zero, lambda c: c['rules'][0].pop('bwd_qtype'))
        for case, words in ((path, 'not EXACT'), (zero, 'VACUOUS')):
            out = self.tool('bless', case, code=1).stdout
            self.assertIn('needs --reason: ', out)
            self.assertIn(words, out)
            self.assertFalse(case.with_suffix('.safetensors').exists())
            self.assertNotIn('expect', json.loads(case.read_text()))
            self.tool('bless', case, '--reason', '  ', code=4)
            self.tool('bless', case, '--reason', 'seen and wanted', code=0)
            files = json.loads((self.folder / 'PROVENANCE.json').read_text())['files']
            self.assertEqual(files[case.stem + '.safetensors']['reason'], 'seen and wanted')
        self.tool('run', path, code=0)
        self.tool('run', zero, code=1)  # still VACUOUS

    def suite_copy(self):
        """A suite of its own around one case whose golden real Qwix gave."""
        for name in ('cases/qt/dense_f32_ieee.json', 'golden/data/qt/dense_f32_ieee.safetensors'):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, self.folder / name)
        (self.folder / '.mxcheck-root').touch()
        name = 'qt/dense_f32_ieee.safetensors'
        data = self.folder / 'golden/data'
        (data / 'SHA256SUMS').write_text(f'{digest(data / name)}  {name}\n')
        entry = json.loads((REPOSITORY / 'golden/data/PROVENANCE.json').read_text())['files'][name]
        (data / 'PROVENANCE.json').write_text(json.dumps({'format': 1, 'files': {name: entry}}))
        return self.folder / 'cases/qt/dense_f32_ieee.json', data

    def test_what_qwix_gave_is_not_changed_without_a_reason(self):
        path, data = self.suite_copy()
        self.assertIn('1 unchanged', self.tool('bless', 'cases', code=0).stdout)
        self.edit(path, lambda c: c['inputs']['x'].update(seed=9))
        before = {p: p.read_bytes() for p in data.rglob('*') if p.is_file()}
        out = self.tool('bless', 'qt/dense_f32_ieee', code=1).stdout
        self.assertIn('needs --reason: the golden was recorded from Qwix 0.1.8', out)
        self.assertEqual({p: p.read_bytes() for p in data.rglob('*') if p.is_file()}, before)
        self.tool('bless', 'qt/dense_f32_ieee', '--reason', 'another rounding on purpose', code=0)
        entry = json.loads((data / 'PROVENANCE.json').read_text())['files']['qt/dense_f32_ieee.safetensors']
        self.assertNotIn('qwix', entry)
        self.tool('run', 'cases', code=0)
        # A new case of this suite has its golden among the others.
        self.tool('new', 'fresh', '-o', 'cases/qt', code=0)
        self.tool('bless', 'cases/qt/fresh.json', code=0)
        self.assertTrue((data / 'qt/fresh.safetensors').exists())
        self.assertIn('qt/fresh.safetensors', (data / 'SHA256SUMS').read_text())
        self.tool('run', 'cases', code=0)

    def test_what_is_refused(self):
        path = self.new()
        good = path.read_text()
        # Values the case states itself, which do not come out.
        self.edit(path, lambda c: c.update(expect={'values': {'step0/node/y': {'fill': 1, 'shape': [5, 7]}}}))
        out = self.tool('bless', path, '--reason', 'no', code=1).stdout
        self.assertIn('golden step0/node/y', out)
        self.assertIn('refused: a check that needs no golden fails', out)
        for golden in ('../out.safetensors', '/tmp/out.safetensors', 'a.bin'):
            self.edit(path, lambda c: c.update(expect={'golden': golden}))
            self.assertNotEqual(self.tool('bless', path).returncode, 0, golden)
        (self.folder / 'away').symlink_to('/tmp')
        self.edit(path, lambda c: c.update(expect={'golden': 'away/a.safetensors'}))
        self.assertNotEqual(self.tool('bless', path).returncode, 0)
        path.write_text(good)
        self.edit(path, lambda c: c['nodes'][0].update(op='dot_generl'))
        self.assertIn('error[', self.tool('bless', path, code=4).stderr)
        path.write_text(good)
        (self.folder / 'PROVENANCE.json').write_text('[]')
        self.assertIn('PROVENANCE.json', self.tool('bless', path, code=1).stdout)
        self.assertEqual(path.read_text(), good)
        self.assertEqual((self.folder / 'PROVENANCE.json').read_text(), '[]')
        self.tool('bless', code=4)
        self.tool('bless', 'no_such', code=4)
        # One refused case keeps all of them from being written.
        (self.folder / 'PROVENANCE.json').unlink()
        os.mkdir(self.folder / 'two')
        shutil.copy(path, self.folder / 'two/good.json')
        self.write('two/bad.json', dense(expect={'golden': 'x.bin'}))
        self.assertNotEqual(self.tool('bless', 'two').returncode, 0)
        self.assertEqual(sorted(p.name for p in (self.folder / 'two').iterdir()), ['bad.json', 'good.json'])

    def test_a_wrong_checksum_is_noticed_and_mended(self):
        path = self.new()
        self.tool('bless', path, code=0)
        golden = self.folder / 'a.safetensors'
        tensors = read_safetensors(golden)
        dtype, shape, data = tensors['step0/node/y']
        tensors['step0/node/y'] = (dtype, shape, bytes([data[0] ^ 1]) + data[1:])
        write_safetensors(golden, tensors)
        self.assertIn('GOLD-CHECKSUM', self.tool('run', path, code=4).stderr)
        out = self.tool('bless', path, code=0).stdout
        self.assertIn('changed  step0/node/y  1 of 35 differ', out)
        self.tool('run', path, code=0)
        (self.folder / 'SHA256SUMS').write_text('0' * 64 + '  a.safetensors\n')
        self.tool('run', path, code=4)
        self.assertIn('checksum or provenance do not fit', self.tool('bless', path, code=0).stdout)
        self.tool('run', path, code=0)
