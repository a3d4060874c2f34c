"""`run --resume` and `--rerun-failed`: what an earlier run found is taken over when it is still true, and only then."""
import json
import os
import pathlib
import re
import signal
import struct
import subprocess

from support import BINARY, ToolTest, dense, last_line, read_safetensors, write_safetensors


def text_without_times(path):
    """The bytes of a report, its durations aside."""
    return re.sub(r'"milliseconds": [0-9.e+-]+', '"milliseconds": 0', pathlib.Path(path).read_text('utf-8'))


class SuiteTest(ToolTest):
    """A folder of cases that pass, fail, must be refused, are refused, and take data from files."""

    def setUp(self):
        super().setUp()
        for i in range(4):
            self.write_blessed(f'cases/qt/good{i}.json',
                               dense(inputs={'x': {'random': 'normal', 'seed': i, 'shape': [4, 16]}}))
        _, golden = self.write_blessed('cases/qt/bad.json', dense())
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/y']
        write_safetensors(golden, {**values, 'step0/node/y': (dtype, shape, b'\1' * len(data))})
        self.write('cases/refusal.json', dense(rules=[{'module_path': 'nowhere', 'weight_qtype': 's8'}],
                                               expect={'error': 'RULE-UNUSED'}))
        self.data(1)
        matrix = dense(matrix={'K': [8, 16]}, run={'mode': 'forward'})
        matrix['inputs']['x']['shape'] = [4, '${K}']
        matrix['params']['Dense_0/kernel']['shape'] = ['${K}', 8]
        self.write('cases/m.json', matrix)

    def data(self, factor):
        """A case whose input is a stored file, recorded on purpose without a checksum."""
        numbers = [factor * (i % 7 - 3) for i in range(64)]
        (self.folder / 'cases').mkdir(exist_ok=True)
        write_safetensors(self.folder / 'cases/x.safetensors',
                          {'x': ('F32', [4, 16], struct.pack('<64f', *numbers))})
        self.write('cases/stored.json', dense(inputs={'x': {'file': 'x.safetensors', 'tensor': 'x'}}))

    def report(self, name):
        return json.loads((self.folder / name).read_text('utf-8'))

    def cut(self, name, keep, whole='whole.json'):
        """The report of the run as it would be, had it been interrupted after the cases `keep` names."""
        report = self.report(whole)
        report['cases'] = [dict(c, milliseconds=987654.5) for c in report['cases'] if keep(c['id'])]
        report['incomplete'] = True
        kinds = {'PASS': 'passed', 'XFAIL': 'passed', 'SKIP': 'skipped', 'UNDEFINED': 'skipped'}
        report['totals'] = {'passed': 0, 'failed': 0, 'skipped': 0}
        for c in report['cases']:
            report['totals'][kinds.get(c['status'], 'failed')] += 1
        self.write(name, report)
        return report

    def taken(self, name):
        """Ids whose result was not made by the run of this report."""
        return {c['id'] for c in self.report(name)['cases'] if c['milliseconds'] == 987654.5}


IDS = {'m/K=16', 'm/K=8', 'qt/bad', 'qt/good0', 'qt/good1', 'qt/good2', 'qt/good3', 'refusal', 'stored'}


class Resume(SuiteTest):
    def setUp(self):
        super().setUp()
        self.tool('run', 'cases', '--report', 'json=whole.json', code=1)
        self.assertEqual({c['id'] for c in self.report('whole.json')['cases']}, IDS)

    def resume(self, report, *arguments, code=1):
        return self.tool('run', 'cases', '--resume', report, '--report', 'json=r.json', *arguments, code=code)

    def test_a_run_cut_short_anywhere_becomes_the_whole_run_byte_for_byte_but_for_times(self):
        whole = text_without_times(self.folder / 'whole.json')
        for keep in (lambda i: False, lambda i: i < 'qt', lambda i: i in ('qt/bad', 'stored'), lambda i: True):
            self.cut('part.json', keep)
            for jobs in (1, 3):
                result = self.resume('part.json', '-j', jobs)
                self.assertEqual(text_without_times(self.folder / 'r.json'), whole)
                # A case refused on reading is not run; of stored tensors a report has no digest.
                self.assertEqual(self.taken('r.json'), {i for i in IDS - {'refusal', 'stored'} if keep(i)})
                self.assertIn(f'{len(self.taken("r.json"))} of 9 results are those of part.json', result.stdout)
                self.assertIn('FAIL qt/bad', result.stdout)

    def test_after_a_first_failure_it_goes_on(self):
        self.tool('run', 'cases', '-x', '--report', 'json=r.json', code=1)
        self.assertTrue(self.report('r.json')['incomplete'])
        self.resume('r.json')
        self.assertEqual(text_without_times(self.folder / 'r.json'), text_without_times(self.folder / 'whole.json'))
        self.resume('r.json', '-x')  # the failure taken over is the first one still
        self.assertTrue(self.report('r.json')['incomplete'])

    def test_what_changed_since_runs_again(self):
        self.cut('part.json', lambda i: True)
        self.write('cases/qt/good0.json', self.folder.joinpath('cases/qt/good0.json').read_text() + '\n')
        golden = self.folder / 'cases/qt/good1.safetensors'
        write_safetensors(golden, {**read_safetensors(golden), 'extra': ('F32', [1], b'\0\0\0\0')})
        self.data(2)
        self.write('cases/m.json', self.folder.joinpath('cases/m.json').read_text() + '\n')
        self.resume('part.json')
        self.assertEqual(self.taken('r.json'), {'qt/bad', 'qt/good2', 'qt/good3'})
        cases = {c['id']: c for c in self.report('r.json')['cases']}
        self.assertEqual(cases['qt/good1']['status'], 'FAIL')

    def test_a_result_of_another_file_or_policy_runs_again(self):
        for key in ('file', 'policy'):
            report = self.cut('part.json', lambda i: True)
            next(c for c in report['cases'] if c['id'] == 'qt/good0')[key] = 'another'
            self.write('part.json', report)
            self.resume('part.json')
            self.assertNotIn('qt/good0', self.taken('r.json'))
            self.assertIn('qt/good1', self.taken('r.json'))

    def test_errors_of_the_suite_and_skips_run_again(self):
        report = self.cut('part.json', lambda i: True)
        for case, status in zip(report['cases'], ('SUITE_ERROR', 'SKIP', 'DUT_ERROR')):
            case.update(status=status, reason='of another day')
        report['totals'] = {'passed': 6, 'failed': 2, 'skipped': 1}
        self.write('part.json', report)
        self.resume('part.json')
        self.assertEqual(text_without_times(self.folder / 'r.json'), text_without_times(self.folder / 'whole.json'))

    def test_expectations_are_judged_anew(self):
        entries = [{'id': 'qt/bad', 'status': 'FAIL', 'reason': 'known'},
                   {'id': 'qt/good0', 'status': 'FAIL', 'strict': False, 'reason': 'sometimes'}]
        self.write('e.json', {'mxcheck_expectations': 1, 'entries': entries})
        expect = ['--expectations', 'e.json']
        self.tool('run', 'cases', *expect, '--report', 'json=whole.json', code=0)
        self.cut('part.json', lambda i: i.startswith('qt'))
        self.resume('part.json', *expect, code=0)
        self.assertEqual(text_without_times(self.folder / 'r.json'), text_without_times(self.folder / 'whole.json'))
        self.assertEqual(self.taken('r.json'), {'qt/good1', 'qt/good2', 'qt/good3'})
        self.write('e.json', {'mxcheck_expectations': 1, 'entries': entries[:1]})
        self.resume('part.json', *expect, code=0)
        now = text_without_times(self.folder / 'r.json')
        self.tool('run', 'cases', *expect, '--report', 'json=r.json', code=0)
        self.assertEqual(now, text_without_times(self.folder / 'r.json'))
        self.write('f.json', {'mxcheck_expectations': 1, 'entries': entries})
        self.assertIn('\n  expectations: ', self.resume('part.json', '--expectations', 'f.json', code=4).stderr)

    def test_a_report_of_another_command_is_refused_with_every_reason(self):
        self.cut('part.json', lambda i: True)
        other = {'policy': ['--policy', 'ieee,tie=away'], 'hardware': ['--hardware', 'gemmini_16'],
                 'level': ['--level', 'functional'], 'isa': ['--isa', 'scalar'], 'seed': ['--seed', '7'],
                 'faults': ['--fault', 'round_toward_zero'], 'selection': ['-k', 'qt'],
                 'paths': ['cases/m.json'], 'shard': ['--shard-count', '2', '--shard-index', '0']}
        for key, arguments in other.items():
            error = self.resume('part.json', *arguments, code=4).stderr
            if key == 'isa' and self.report('whole.json')['context']['isa'] == 'scalar':
                continue
            self.assertIn(f'\n  {key}: the report has ', error)
            self.assertIn('part.json is not a report that this run can go on from', error)
        both = self.resume('part.json', '--level', 'cycle', '--seed', '7', code=4).stderr
        self.assertIn('\n  level: ', both)
        self.assertIn('\n  seed: ', both)
        for key in ('version', 'commit', 'isas_here'):
            report = self.cut('part.json', lambda i: True)
            report['context'][key] = ['mmx'] if key == 'isas_here' else 'another'
            self.write('part.json', report)
            self.assertIn(f'\n  {key}: the report has ', self.resume('part.json', code=4).stderr)

    def test_what_is_no_report_is_refused(self):
        report = self.cut('part.json', lambda i: True)
        doubled = dict(report, cases=report['cases'] + report['cases'][:1], totals={'passed': 9, 'failed': 1, 'skipped': 0})
        text = json.dumps(report)
        hostile = {'cut': text[:len(text) // 2], 'empty': '', 'list': '[]', 'deep': '[' * 100000,
                   'doubled': json.dumps(doubled), 'key': json.dumps(dict(report, colour=1)),
                   'totals': json.dumps(dict(report, totals={'passed': 1, 'failed': 0, 'skipped': 0})),
                   'wide': json.dumps(dict(report, cases=[{}] * 5000))}
        for name, content in hostile.items():
            self.write('hostile.json', content)
            result = self.resume('hostile.json', code=4)
            self.assertIn('--resume: hostile.json is not a report', result.stderr, name)
            self.assertLess(len(result.stderr), 200000, name)
            self.assertFalse((self.folder / 'r.json').exists())
        self.assertIn('RPT-FILE', self.resume('nowhere.json', code=4).stderr)
        self.assertIn('--dump', self.resume('part.json', '--dump', 'd.safetensors', code=4).stderr)

    def test_interrupted_with_two_at_a_time_it_is_finished_by_resuming(self):
        for i in range(30):
            case = dense(run={'mode': 'forward'}, inputs={'x': {'random': 'normal', 'seed': i, 'shape': [300, 400]}})
            case['params']['Dense_0/kernel']['shape'] = [400, 300]
            self.write(f'many/{i:02}.json', case)
        self.tool('run', 'many', '-q', '--report', 'json=whole.json', code=0)
        environment = {k: v for k, v in os.environ.items() if not k.startswith('MXCHECK_')}
        for sign in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([BINARY, 'run', 'many', '-v', '-j', '2', '--report', 'json=r.json'],
                                       cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=environment)
            first = process.stdout.readline()  # a case is done, the run is going on
            self.assertTrue(first.startswith('PASS 00'), first)
            process.send_signal(sign)
            out, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 2)
            self.assertIn('the run is incomplete', out)
            self.assertRegex(last_line(out), r'^\d+ passed, 0 failed, 0 skipped$')
            part = self.report('r.json')
            self.assertTrue(part['incomplete'])
            self.assertLess(len(part['cases']), 30)
            result = self.tool('run', 'many', '-j', 2, '--resume', 'r.json', '--report', 'json=r.json', code=0)
            self.assertIn(f'{len(part["cases"])} of 30 results are those of r.json', result.stdout)
            self.assertEqual(text_without_times(self.folder / 'r.json'), text_without_times(self.folder / 'whole.json'))


class RerunFailed(SuiteTest):
    def setUp(self):
        super().setUp()
        self.home = self.folder / 'home'
        self.environment = {'XDG_CACHE_HOME': str(self.home)}

    def run_it(self, *arguments, code, cwd=None):
        return self.tool('run', *arguments, '-v', environment=self.environment, code=code, cwd=cwd)

    def ids(self, result):
        return sorted({m[1] for m in re.finditer(r'^(?:PASS|FAIL|VACUOUS|SUITE_ERROR) (\S+)', result.stdout, re.M)})

    def break_again(self, name):
        golden = self.folder / f'cases/qt/{name}.safetensors'
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/h']
        write_safetensors(golden, {**values, 'step0/node/h': (dtype, shape, b'\1' * len(data))})
        return values, golden

    def test_a_failure_is_remembered_until_it_passes(self):
        self.assertIn('nothing had failed', self.run_it('cases', '--rerun-failed', code=5).stderr)
        self.assertFalse(self.home.exists())
        values, golden = self.break_again('good1')
        self.run_it('cases', code=1)
        result = self.run_it('cases', '--rerun-failed', code=1)
        self.assertEqual(self.ids(result), ['qt/bad', 'qt/good1'])
        self.assertEqual(last_line(result.stdout), '0 passed, 2 failed, 0 skipped')
        # Other cases that run do not make it forget; below another folder it is the same case.
        self.run_it('cases', '-k', 'good0', code=0)
        self.assertEqual(self.ids(self.run_it('cases/qt', '--rerun-failed', code=1)), ['bad', 'good1'])
        write_safetensors(golden, values)
        self.assertEqual(self.ids(self.run_it('cases', '--rerun-failed', code=1)), ['qt/bad', 'qt/good1'])
        self.assertEqual(self.ids(self.run_it('cases', '--rerun-failed', code=1)), ['qt/bad'])
        self.assertIn('none of the 1 cases that had failed is among those selected',
                      self.run_it('cases', '-k', 'good', '--rerun-failed', code=5).stderr)
        (self.folder / 'cases/qt/bad.json').unlink()
        self.run_it('cases', code=0)
        self.assertIn('nothing had failed', self.run_it('cases', '--rerun-failed', code=5).stderr)
        self.assertEqual([p for p in self.home.rglob('*') if p.is_file()], [])

    def test_expansions_and_refused_files_are_told_apart(self):
        self.write('cases/broken.json', '{')
        golden = {'step0/node/y': ('F32', [1], b'\0\0\0\0')}
        (self.folder / 'cases/m').mkdir()
        for k in (8, 16):
            write_safetensors(self.folder / f'cases/m/K={k}.safetensors', golden if k == 8 else {})
        case = json.loads((self.folder / 'cases/m.json').read_text())
        self.write('cases/m.json', dict(case, expect={'golden': 'm.safetensors'}))
        self.run_it('cases', code=4)
        self.assertEqual(self.ids(self.run_it('cases', '--rerun-failed', code=4)), ['broken', 'm/K=8', 'qt/bad'])

    def test_every_folder_remembers_for_itself(self):
        self.run_it('cases', code=1)
        (self.folder / 'other').mkdir()
        self.run_it('../cases', '--rerun-failed', cwd=self.folder / 'other', code=5)

    def test_a_report_from_elsewhere_names_them_too(self):
        self.tool('run', 'cases', '--report', 'json=ci.json', code=1)
        result = self.run_it('cases', '--rerun-failed=ci.json', '--report', 'json=r.json', code=1)
        self.assertEqual(self.ids(result), ['qt/bad'])
        self.assertEqual(self.report('r.json')['context']['selection'], '--rerun-failed')
        self.assertIn('RPT-FILE', self.run_it('cases', '--rerun-failed=nowhere.json', code=4).stderr)

    def test_the_environment_asks_for_it_as_for_a_switch(self):
        self.run_it('cases', code=1)
        for value, ids in (('1', 1), ('0', 9)):
            result = self.tool('run', 'cases', '-v', code=1,
                               environment=dict(self.environment, MXCHECK_RERUN_FAILED=value))
            self.assertEqual(len(self.ids(result)), ids)

    def test_a_damaged_memory_is_named_and_made_anew(self):
        self.run_it('cases', code=1)
        memory, = [p for p in self.home.rglob('*') if p.is_file()]
        for text in ('', '{', '[]', '{"mxcheck_failed": 2, "cases": []}', '{"mxcheck_failed": 1, "cases": [1]}'):
            memory.write_text(text)
            error = self.run_it('cases', '--rerun-failed', code=4).stderr
            self.assertIn(memory.name, error)
            self.assertIn('delete the file', error)
            self.run_it('cases', code=1)
            self.run_it('cases', '--rerun-failed', code=1)

    def test_without_a_place_for_it_runs_work_and_rerun_says_so(self):
        bare = {'XDG_CACHE_HOME': '', 'HOME': ''}
        self.tool('run', 'cases', environment=bare, code=1)
        self.assertIn('--rerun-failed=REPORT.json', self.tool('run', 'cases', '--rerun-failed', environment=bare, code=4).stderr)
