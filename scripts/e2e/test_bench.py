"""`mxcheck bench` and scripts/bench_compare: shapes of what is written, refusals, comparisons."""
import copy
import json
import os
import shutil
import subprocess
import sys

from support import BINARY, REPOSITORY, ToolTest, dense

FIELDS = ['group', 'name', 'm', 'k', 'n', 'kernel', 'gops', 'peak_gops', 'share_of_peak',
          'onednn_gops', 'ratio_to_onednn']
QUICK = ['--seconds', '0.02']


class Bench(ToolTest):
    def bench(self, *arguments, code=0):
        self.tool('bench', *arguments, *QUICK, '--json', 'b.json', code=code)
        text = (self.folder / 'b.json').read_text()
        (self.folder / 'b.json').unlink()
        data = json.loads(text)
        for row in data['results']:
            self.assertEqual(list(row)[:len(FIELDS)], FIELDS)
            for field in ('m', 'k', 'n'):
                self.assertIsInstance(row[field], int)
            for field in FIELDS[6:]:
                self.assertGreaterEqual(row[field], 0)
            if row['peak_gops'] > 0:
                self.assertAlmostEqual(row['share_of_peak'], row['gops'] / row['peak_gops'])
            if row['onednn_gops'] > 0:
                self.assertAlmostEqual(row['ratio_to_onednn'], row['gops'] / row['onednn_gops'])
            self.assertNotIn('DIFFERS', row['note'])
            # Below AVX-512-VNNI oneDNN adds pairs of products in saturating s16.
            if data['context']['isa'] == 'avx512_vnni':
                self.assertNotIn('other bits', row['note'])
        for key in ('version', 'commit', 'processor', 'pinned_to', 'isa', 'peak_instruction', 'onednn'):
            self.assertIn(key, data['context'])
        return data

    def test_gemm_rows_are_the_shapes_asked_for(self):
        data = self.bench('--shape', '8x16x24', '--shape', '1x512x64')
        rows = data['results']
        self.assertEqual([(r['group'], r['m'], r['k'], r['n']) for r in rows],
                         [('gemm', 8, 16, 24), ('gemm', 1, 512, 64)])
        self.assertTrue(all(r['gops'] > 0 and r['kernel'].startswith('gem') for r in rows))
        self.assertGreater(rows[1]['share_of_read_limit'], 0)

    def test_the_default_is_gemm_with_its_nine_shapes(self):
        names = [r['name'] for r in self.bench()['results']]
        self.assertEqual(names, ['512x512x512', '1024x1024x1024', '2048x2048x2048', '256x256x256',
                                 '64x768x768', '128x1024x4096', '128x128x128', '8x512x512',
                                 '1x1024x1024'])

    def test_quantize_conv_and_train_rows(self):
        data = self.bench('--group', 'quantize', '--group', 'conv', '--group', 'train')
        groups = {}
        for row in data['results']:
            groups.setdefault(row['group'], []).append(row)
        self.assertEqual(list(groups), ['quantize', 'conv', 'train'])
        self.assertTrue(all(r['milliseconds'] > 0 for rows in groups.values() for r in rows))
        self.assertTrue(any('share_of_division' in r for r in groups['quantize']))
        self.assertIn('8x56x56x64 3x3 -> 64', [r['name'] for r in groups['conv']])
        self.assertEqual(groups['train'][0]['note'], "bits as the functional model's")

    def test_suite_rows_say_cases_per_second_and_that_bits_are_equal(self):
        self.write_blessed('some/a.json', dense())
        self.write('some/b.json', dense(run={'mode': 'forward'}))
        rows = self.bench('--group', 'suite', '--cases', 'some')['results']
        self.assertEqual([r['name'] for r in rows], ['execute, functional', 'execute, auto',
                                                     'run, functional', 'run, auto'])
        self.assertTrue(all(r['cases'] == 2 and r['cases_per_s'] > 0 for r in rows))
        self.assertEqual(rows[1]['note'], "bits as the functional level's")
        self.assertGreater(rows[1]['ratio_to_functional'], 0)
        self.assertEqual(rows[3]['note'], 'all checks: 2 passed, 0 failed, 0 skipped')

    def test_a_forced_instruction_set_is_measured(self):
        facts = json.loads(self.tool('info', '--json', code=0).stdout)
        for isa in facts['isa_found']:
            data = self.bench('--shape', '16x32x32', '--isa', isa)
            self.assertEqual(data['context']['isa'], isa)
            kernels = {k['name']: k['isa'] for k in facts['kernels']}
            self.assertEqual(kernels[data['results'][0]['kernel']], isa)

    def test_what_cannot_be_meant_is_4_and_nothing_is_measured(self):
        for arguments in (['--group', 'gem'], ['--shape', '8x8'], ['--shape', '0x8x8'],
                          ['--shape', '8x8x99999'], ['--shape', '8x-8x8'], ['--shape', 'x'],
                          ['--seconds', '-1'], ['--seconds', 'soon'], ['--isa', 'avx9000'],
                          ['--verilator', 'nowhere'], ['--json', 'no/where.json'], ['--json', '.'],
                          ['--group', 'suite', '--cases', 'nowhere'], ['a.json']):
            result = self.tool('bench', *arguments, code=4)
            self.assertIn('mxcheck: error: ', result.stderr, arguments)
            self.assertEqual(result.stdout, '', arguments)
        (self.folder / 'empty').mkdir()
        self.tool('bench', '--group', 'suite', '--cases', 'empty', code=4)

    def test_a_binary_without_the_yardstick_beside_it_measures_and_says_so(self):
        alone = self.folder / 'alone' / 'bin'
        alone.mkdir(parents=True)
        shutil.copy(BINARY, alone / 'mxcheck')
        result = subprocess.run([alone / 'mxcheck', 'bench', '--shape', '8x16x24', *QUICK],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r'\nonednn +not built\n')
        self.assertIn('(no oneDNN in this build)', result.stdout)

    def test_help_names_every_group(self):
        text = self.tool('bench', '--help', code=0).stdout
        for group in ('gemm', 'quantize', 'conv', 'train', 'cycle', 'suite'):
            self.assertIn(group, text)


RESULT = {'context': {'processor': 'A', 'isa': 'avx2'}, 'results': [
    {'group': 'gemm', 'name': '8x8x8', 'm': 8, 'k': 8, 'n': 8, 'kernel': 'gemm', 'gops': 100.0,
     'peak_gops': 125.0, 'share_of_peak': 0.8, 'onednn_gops': 90.0, 'ratio_to_onednn': 1.1,
     'milliseconds': 2.0, 'note': ''},
    {'group': 'quantize', 'name': 'rows', 'm': 0, 'k': 0, 'n': 0, 'kernel': 'q', 'gops': 0.0,
     'peak_gops': 0.0, 'share_of_peak': 0.0, 'onednn_gops': 0.0, 'ratio_to_onednn': 0.0,
     'milliseconds': 1.0, 'share_of_copy': 0.5, 'copy_limit': 20.0, 'note': ''}]}


class BenchCompare(ToolTest):
    def compare(self, b, *options, code, a=RESULT):
        for name, data in (('a.json', a), ('b.json', b)):
            self.write(name, data if isinstance(data, str) else json.dumps(data))
        result = subprocess.run(
            [sys.executable, REPOSITORY / 'scripts/bench_compare', 'a.json', 'b.json', *options],
            capture_output=True, text=True, cwd=self.folder, timeout=60)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        return result

    def changed(self, row, **figures):
        out = copy.deepcopy(RESULT)
        out['results'][row].update(figures)
        return out

    def test_the_same_result_is_no_worse(self):
        out = self.compare(RESULT, code=0).stdout
        self.assertIn('3 figures compared, 0 rows worse', out)
        self.assertNotIn('milliseconds', out)

    def test_a_ratio_worse_than_the_threshold_is_1(self):
        out = self.compare(self.changed(0, share_of_peak=0.75), code=1).stdout
        self.assertRegex(out, r'gemm +8x8x8 +share_of_peak +0.8 +0.75 +-6.2%  WORSE')
        self.assertIn('1 rows worse', out)
        self.compare(self.changed(0, share_of_peak=0.75), '--threshold', '0.1', code=0)
        self.compare(self.changed(0, share_of_peak=0.77), code=0)
        self.compare(self.changed(1, share_of_copy=0.4), code=1)

    def test_times_count_only_when_asked(self):
        slower = self.changed(0, milliseconds=4.0, gops=50.0)
        self.compare(slower, code=0)
        out = self.compare(slower, '--absolute', code=1).stdout
        self.assertRegex(out, r'milliseconds +2 +4 +-50.0%  WORSE')
        self.assertRegex(out, r' gops +100 +50 +-50.0%  WORSE')
        self.compare(self.changed(0, milliseconds=1.0, gops=200.0), '--absolute', code=0)

    def test_other_bits_are_worse_whatever_the_speed(self):
        differs = self.changed(0, note='DIFFERS from the functional model: x')
        self.compare(differs, code=1)
        self.compare(differs, a=differs, code=1)

    def test_other_bits_of_onednn_are_worse_where_they_were_not_before(self):
        other = self.changed(0, note='oneDNN gives other bits')
        self.assertIn('oneDNN gives other bits  WORSE', self.compare(other, code=1).stdout)
        self.compare(other, a=other, code=0)
        self.compare(RESULT, a=other, code=0)

    def test_rows_of_one_file_and_another_machine_are_said(self):
        other = self.changed(0, name='9x9x9')
        other['context']['processor'] = 'B'
        out = self.compare(other, code=0).stdout
        self.assertIn('processor: A -> B', out)
        self.assertRegex(out, r'9x9x9 +only in b.json')
        self.assertRegex(out, r'8x8x8 +only in a.json')

    def test_files_that_are_no_results_are_4(self):
        twice = copy.deepcopy(RESULT)
        twice['results'].append(twice['results'][0])
        nothing = {'context': {}, 'results': []}
        for bad in ('', '{', '[]', '{"results": []}', '[' * 100000, nothing, twice,
                    {'context': {}, 'results': [3]}, {'context': {}, 'results': [{'group': 'g'}]},
                    self.changed(0, share_of_peak='fast'), self.changed(0, share_of_peak=None),
                    self.changed(0, share_of_peak=float('nan')), self.changed(0, share_of_peak=-1),
                    self.changed(0, gops=[1])):
            self.assertIn('bench_compare: error: ', self.compare(bad, code=4).stderr)
        self.assertIn('--threshold', self.compare(RESULT, '--threshold', '2', code=4).stderr)
        self.compare(RESULT, '--fast', code=4)
        (self.folder / 'a.json').unlink()
        script = [sys.executable, REPOSITORY / 'scripts/bench_compare', 'a.json', 'b.json']
        self.assertEqual(subprocess.run(script, cwd=self.folder, capture_output=True).returncode, 4)

    def test_it_reads_what_the_tool_writes(self):
        self.tool('bench', '--shape', '8x16x24', *QUICK, '--json', 'r.json', code=0)
        text = (self.folder / 'r.json').read_text()
        self.compare(text, a=text, code=0)


class ForcedIsa(ToolTest):
    def test_the_script_fails_where_a_choice_is_not_obeyed(self):
        """A build whose program drops --isa must not pass scripts/forced_isa.sh."""
        binaries = self.folder / 'bin'
        binaries.mkdir()
        facts = json.loads(self.tool('info', '--json', code=0).stdout)
        if facts['isa_found'] == ['scalar']:
            self.skipTest('the host has no instruction set but scalar')
        wrapper = binaries / 'mxcheck'
        wrapper.write_text('#!/bin/bash\nwords=()\nwhile [ $# -gt 0 ]; do\n'
                           '  if [ "$1" = --isa ]; then shift; else words+=("$1"); fi\n  shift\ndone\n'
                           f'exec {BINARY} "${{words[@]}}"\n')
        for test in ('kernels', 'exec'):
            (binaries / f'mxcheck_{test}_test').write_text('#!/bin/bash\nexit 0\n')
        for file in binaries.iterdir():
            os.chmod(file, 0o755)
        script = REPOSITORY / 'scripts/forced_isa.sh'
        result = subprocess.run([script, self.folder, 'scalar'], capture_output=True, text=True,
                                timeout=300)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn('scalar: NOT OBEYED', result.stdout)
        absent = next(i['name'] for i in facts['isas'] if not i['here'])
        result = subprocess.run([script, self.folder, absent], capture_output=True, text=True,
                                timeout=300)
        self.assertEqual(result.returncode, 0)
        self.assertIn(f'{absent}: left out, this host has: ', result.stdout)
