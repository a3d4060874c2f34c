"""Bundles of `mxcheck conform`: the same from two runs, every changed byte noticed, the must-pass list."""
import hashlib
import json
import signal
import subprocess
import time

import support
from device_support import EXAMPLES, DeviceTest

class Bundles(DeviceTest):
    """BNDL-FILE, BNDL-SUM, BNDL-DERIVED, MUST-FILE, MUST-KEY, MUST-VALUE."""

    def make(self, name='bundle', script='reference_device.py', *words, code=0, more=()):
        self.write('cases/a.json', support.dense())
        self.write('cases/b.json', support.dense(hardware='gemmini_16'))
        (self.folder / 'cases/.mxcheck-root').touch()
        device = self.device(EXAMPLES / script, *words)
        result = self.tool('conform', '--device', device, 'cases', '-o', name, *more, code=code)
        return self.folder / name, result

    def verify(self, bundle, code):
        return self.tool('verify', '--bundle', bundle, code=code)

    def test_two_runs_give_the_same_bundle_but_for_the_host(self):
        one, result = self.make('one')
        two, _ = self.make('two')
        names = sorted(p.name for p in one.iterdir())
        self.assertEqual(names, sorted(p.name for p in two.iterdir()))
        for name in names:
            if name != 'host.json':
                self.assertEqual((one / name).read_bytes(), (two / name).read_bytes(), name)
        printed = [line for line in result.stdout.splitlines() if line.startswith('bundle: ')][0].split('sha256:')[1]
        self.assertEqual(printed, hashlib.sha256((one / 'SHA256SUMS').read_bytes()).hexdigest())
        self.tool('verify', '--bundle', one, '--digest', 'sha256:' + printed, code=0)
        self.tool('verify', '--bundle', one, '--digest', '0' * 64, code=1)
        for line in (one / 'SHA256SUMS').read_text().splitlines():
            digest, name = line.split('  ')
            self.assertEqual(hashlib.sha256((one / name).read_bytes()).hexdigest(), digest)

    def test_any_changed_missing_or_added_byte_is_noticed(self):
        bundle, _ = self.make()
        self.verify(bundle, 0)
        for path in sorted(bundle.iterdir()):
            data = path.read_bytes()
            changed = [data[:-1], data + b'\n', b'', b'\n' + data]
            for at in (0, len(data) // 3, len(data) // 2, len(data) - 1):
                changed.append(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            for other in changed:
                path.write_bytes(other)
                self.assertIn('damaged', self.verify(bundle, 1).stdout, path.name)
            path.unlink()
            self.assertIn(path.name, self.verify(bundle, 1).stderr)
            path.write_bytes(data)
        self.verify(bundle, 0)
        (bundle / 'more.txt').touch()
        self.assertIn('was added', self.verify(bundle, 1).stderr)
        (bundle / 'more.txt').unlink()
        (bundle / 'folder').mkdir()
        self.verify(bundle, 1)
        (bundle / 'folder').rmdir()
        (self.folder / 'elsewhere').write_bytes((bundle / 'device.json').read_bytes())
        (bundle / 'device.json').unlink()
        (bundle / 'device.json').symlink_to(self.folder / 'elsewhere')
        self.verify(bundle, 1)
        self.verify(self.folder / 'nowhere', 1)

    def seal(self, bundle):
        """The sums of a bundle as it is now: what somebody who changed it would write."""
        names = sorted(p.name for p in bundle.iterdir() if p.name not in ('SHA256SUMS', 'host.json'))
        sums = ''.join(f'{hashlib.sha256((bundle / n).read_bytes()).hexdigest()}  {n}\n' for n in names)
        (bundle / 'SHA256SUMS').write_text(sums)
        host = (bundle / 'host.json').read_text()
        body = host[:host.index('  "bundle"')] + f'  "bundle": "{hashlib.sha256(sums.encode()).hexdigest()}",\n  "sha256": "'
        (bundle / 'host.json').write_text(body + hashlib.sha256(body.encode()).hexdigest() + '"\n}\n')

    def test_files_that_contradict_each_other_are_noticed_whatever_their_sums(self):
        bundle, _ = self.make('bundle', 'wrong_device.py', '--fault', 'scales_combined', code=1)
        self.seal(bundle)
        self.verify(bundle, 0)
        for name, old, new in (('results.json', '"status": "FAIL"', '"status": "PASS"'),
                               ('bundle.json', '"failed": 1', '"failed": 0'),
                               ('bundle.json', 'fails', 'conforms'),
                               ('exceptions.json', 'gemmini_16', 'gemmini'),
                               ('does_not_prove.md', 'does not prove', 'proves'),
                               ('report.json', '"status": "FAIL"', '"status": "PASS"')):
            with self.subTest(name=name, old=old):
                text = (bundle / name).read_text()
                self.assertIn(old, text)
                (bundle / name).write_text(text.replace(old, new, 1))
                self.seal(bundle)
                self.verify(bundle, 1)
                (bundle / name).write_text(text)
        self.seal(bundle)
        self.verify(bundle, 0)

    def test_a_bundle_says_what_was_skipped_waived_and_not_proven(self):
        waivers = self.write('waivers.json', {'mxcheck_expectations': 1, 'entries': [
            {'id': 'a', 'status': 'FAIL', 'reason': 'scales are multiplied first, issue 12'}]})
        bundle, result = self.make('bundle', 'wrong_device.py', '--fault', 'scales_combined',
                                   more=('--waivers', waivers))
        exceptions = json.loads((bundle / 'exceptions.json').read_text())
        self.assertEqual(exceptions['waivers'][0]['reason'], 'scales are multiplied first, issue 12')
        self.assertEqual(exceptions['skips'], [{'id': 'b', 'status': 'SKIP',
                                                'reason': 'not claimed: hardware gemmini_16'}])
        self.assertIn('verdict: partial', result.stdout)
        self.assertEqual((bundle / 'waivers.json').read_bytes(), waivers.read_bytes())
        page = (bundle / 'does_not_prove.md').read_text()
        self.assertIn('# What this does not prove', page)
        self.assertIn('not claimed: hardware gemmini_16', page)
        self.assertIn('tpu_v5e: no public source for', page)

    def test_the_must_pass_list_decides_what_conforms_means(self):
        self.make('unlisted')
        listed = self.folder / 'list.json'
        self.tool('conform', '--write-must-pass', listed, 'cases', code=0)
        self.assertEqual([c['id'] for c in json.loads(listed.read_text())['cases']], ['a', 'b'])
        bundle, result = self.make('whole', more=('--must-pass', listed))
        self.assertIn('verdict: conforms; of 2 cases that mxcheck', result.stdout)
        self.assertIn('1 passed, 0 failed, 1 are not claimed', result.stdout)
        self.verify(bundle, 0)
        _, result = self.make('part', more=('--must-pass', listed, '--id', 'b'), code=5)
        self.assertIn('verdict: fails', result.stdout)
        self.write('cases/a.json', support.dense(title='changed'))
        device = self.device(EXAMPLES / 'reference_device.py')
        result = self.tool('conform', '--device', device, 'cases', '--must-pass', listed, code=0)
        self.assertIn('verdict: partial', result.stdout)
        self.assertIn('1 different', result.stdout)
        for text, label in (('{', 'JSON-SYNTAX'), ('{"mxcheck_must_pass": 1}', 'MUST-KEY'),
                            ('{"mxcheck_must_pass": 2, "suite": "1", "cases": []}', 'MUST-VALUE')):
            result = self.tool('conform', '--device', device, 'cases', '--must-pass', self.write('bad.json', text),
                               code=4)
            self.assertIn(label, result.stderr)
        result = self.tool('conform', '--device', device, 'cases', '--must-pass', 'nowhere', code=4)
        self.assertIn('MUST-FILE', result.stderr)

    def test_the_must_pass_list_of_the_repository_is_that_of_its_cases(self):
        version = self.tool('--version', code=0).stdout.split()[1]
        committed = support.REPOSITORY / f'cases/devices/must_pass/{version}.json'
        made = self.folder / 'list.json'
        self.tool('conform', '--write-must-pass', made, support.REPOSITORY / 'cases', code=0)
        self.assertEqual(made.read_text(), committed.read_text(),
                         f'build/release/bin/mxcheck conform --write-must-pass {committed.relative_to(support.REPOSITORY)}'
                         ' cases writes it anew')

    def test_a_bundle_is_never_written_over_something(self):
        bundle, _ = self.make()
        self.make('bundle', code=4)
        self.verify(bundle, 0)
        self.make('no/such/folder', code=4)

    def test_diff_tells_what_changed_between_two_bundles(self):
        good, _ = self.make('good')
        bad, _ = self.make('bad', 'wrong_device.py', '--fault', 'scales_combined', code=1)
        self.tool('diff', good, good, code=0)
        result = self.tool('diff', good, bad, code=1)
        self.assertIn('verdict: partial -> fails', result.stdout)
        self.assertIn('a: answered something else', result.stdout)
        self.assertIn('REGRESSION', result.stdout)
        (bad / 'report.json').write_text('{}')
        self.tool('diff', good, bad, code=4)

    def test_an_interrupted_run_leaves_a_bundle_that_says_so(self):
        self.write('cases/a.json', support.dense())
        self.write('cases/c.json', support.dense())
        mark = self.folder / 'mark'
        text = (EXAMPLES / 'misbehaving_device.py').read_text(encoding='utf-8')
        self.write('reference_device.py', (EXAMPLES / 'reference_device.py').read_text(encoding='utf-8'))
        script = self.write('slow.py', text.replace("if how == 'crash':", f"if how == 'slow':\n        open({str(mark)!r}, 'w').write('x')\n        time.sleep(2)\n        say(json.dumps(reply) + '\\n')\n    elif how == 'crash':"))
        device = self.device(script, '--how', 'slow', '--at', 'h/fwd/acc')
        process = subprocess.Popen([support.BINARY, 'conform', '--device', str(device), 'cases', '-o', 'bundle'],
                                   cwd=self.folder, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2)
        summary = json.loads((self.folder / 'bundle/bundle.json').read_text())
        self.assertTrue(summary['incomplete'])
        self.assertNotEqual(summary['verdict'], 'conforms')
        self.verify(self.folder / 'bundle', 0)
