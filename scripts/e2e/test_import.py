"""`import`: a case recorded elsewhere arrives whole in a suite, or not at all."""
import hashlib
import json
import pathlib
import shutil

from support import REPOSITORY, ToolTest, read_safetensors, write_safetensors


class Import(ToolTest):
    def setUp(self):
        super().setUp()
        # As `record` leaves it: the case, and below golden/ data, golden, checksums, provenance.
        self.tool('import', REPOSITORY / 'cases/models/recorded_mlp.json', '-o', self.folder / 'from',
                  '--as', 'mlp', code=0)
        self.case = self.folder / 'from/mlp.json'
        self.suite = self.folder / 'suite'
        (self.suite / 'golden/data').mkdir(parents=True)
        (self.suite / '.mxcheck-root').touch()
        (self.suite / 'golden/data/SHA256SUMS').touch()

    def files(self):
        return sorted(str(p.relative_to(self.suite)) for p in self.suite.rglob('*') if p.is_file())

    def test_a_recorded_case_passes_in_the_suite_under_its_new_name(self):
        out = self.tool('import', self.case, '-o', self.suite / 'cases', '--as', 'models/mine', code=0)
        self.assertIn('passes, its golden recorded on Qwix 0.1.8', out.stdout)
        self.assertEqual(self.files(), [
            '.mxcheck-root', 'cases/models/mine.json', 'golden/data/PROVENANCE.json',
            'golden/data/SHA256SUMS', 'golden/data/models/mine.data.safetensors',
            'golden/data/models/mine.safetensors'])
        run = self.tool('run', self.suite / 'cases', code=0).stdout
        self.assertIn('1 passed, 0 failed, 0 skipped', run)
        self.tool('fmt', '--check', self.suite / 'cases', code=0)
        entry = json.loads((self.suite / 'golden/data/PROVENANCE.json').read_text())['files']['models/mine.safetensors']
        text = (self.suite / 'cases/models/mine.json').read_bytes()
        self.assertEqual(entry['case'], 'models/mine')
        self.assertEqual(entry['case_sha256'], hashlib.sha256(text).hexdigest())
        golden = self.suite / 'golden/data/models/mine.safetensors'
        self.assertEqual(entry['sha256'], hashlib.sha256(golden.read_bytes()).hexdigest())
        self.assertEqual(read_safetensors(golden), read_safetensors(self.folder / 'from/golden/mlp.safetensors'))

    def test_files_that_are_there_stay_unless_forced(self):
        arguments = ('import', self.case, '-o', self.suite / 'cases')
        self.tool(*arguments, code=0)
        before = {f: (self.suite / f).read_bytes() for f in self.files()}
        self.assertIn('--force replaces', self.tool(*arguments, code=4).stderr)
        self.assertEqual({f: (self.suite / f).read_bytes() for f in self.files()}, before)
        self.tool(*arguments, '--force', code=0)

    def test_a_case_that_fails_is_imported_only_when_asked(self):
        golden = self.folder / 'from/golden/mlp.safetensors'
        tensors = read_safetensors(golden)
        name = next(n for n in tensors if n.endswith('node/Dense_1_add0'))
        dtype, shape, data = tensors[name]
        tensors[name] = (dtype, shape, bytes([data[0] ^ 1]) + data[1:])
        write_safetensors(golden, tensors)
        # The golden is not what its checksum says: refused, whoever asks.
        self.tool('import', self.case, '-o', self.suite / 'cases', '--failing', code=4)
        sums = self.folder / 'from/golden/SHA256SUMS'
        sums.write_text(f'{hashlib.sha256(golden.read_bytes()).hexdigest()}  mlp.safetensors\n')
        done = self.tool('import', self.case, '-o', self.suite / 'cases', code=1)
        self.assertIn('FAIL mlp', done.stdout)
        self.assertEqual(self.files(), ['.mxcheck-root', 'golden/data/SHA256SUMS'])
        self.tool('import', self.case, '-o', self.suite / 'cases', '--failing', code=0)
        self.tool('run', self.suite / 'cases', code=1)

    def test_nothing_is_written_outside_or_for_show(self):
        self.tool('import', self.case, '-o', self.suite / 'cases', '--dry-run', code=0)
        for name in ('../out', '/abs', 'a b', '.hidden', ''):
            self.tool('import', self.case, '-o', self.suite / 'cases', '--as', name, code=4)
        plain = self.folder / 'plain.json'
        shutil.copy(REPOSITORY / 'cases/invalid' / sorted(p.name for p in pathlib.Path(
            REPOSITORY / 'cases/invalid').glob('*.json'))[0], plain)
        self.tool('import', plain, '-o', self.suite / 'cases', code=4)
        self.tool('import', code=4)
        self.assertEqual(self.files(), ['.mxcheck-root', 'golden/data/SHA256SUMS'])
