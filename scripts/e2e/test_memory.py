"""`run --max-memory`, and what a run of many cases holds at a time."""
import json
import os
import subprocess

import many_cases
from support import BINARY, ToolTest, dense, last_line

MIB = 1 << 20


def sized(rows):
    """[rows, 64] x [64, 64], forward and backward."""
    case = dense(inputs={'x': {'random': 'normal', 'seed': rows, 'shape': [rows, 64]}})
    case['params']['Dense_0/kernel']['shape'] = [64, 64]
    case['run']['cotangents']['y']['shape'] = [rows, 64]
    return case


# A program starts with the peak of the process it was forked from: that one must be small.
MEASURE = ('import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=['
           '(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]); '
           '_, status, usage = os.wait4(pid, 0); print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)')


def peak(arguments, folder):
    """Exit code and peak resident size of the program in bytes."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith('MXCHECK_')}
    out = subprocess.run(['/usr/bin/python3', '-I', '-S', '-c', MEASURE, BINARY, *map(str, arguments)], cwd=folder,
                         env=environment, capture_output=True, text=True, check=True).stdout
    code, kibibytes = map(int, out.split())
    return code, kibibytes * 1024


class MaxMemory(ToolTest):
    def results(self, *arguments, code=0):
        self.tool('run', 'cases', '--report', 'json=r.json', *arguments, code=code)
        return {c['id']: c for c in json.loads((self.folder / 'r.json').read_text())['cases']}

    def need(self, name):
        """What the program says the case needs, in MiB."""
        reason = self.results('--id', name, '--max-memory', '1')[name]['reason']
        return float(reason.split(' MiB')[0].rsplit(' ', 1)[1])

    def test_a_case_that_needs_more_is_skipped_with_the_number(self):
        self.write('cases/small.json', sized(4))
        self.write('cases/large.json', sized(2000))
        small, large = self.need('small'), self.need('large')
        self.assertGreater(large, 10 * small)
        limit = f'{int(large * MIB) // 2}'
        cases = self.results('--max-memory', limit)
        self.assertEqual((cases['small']['status'], cases['large']['status']), ('PASS', 'SKIP'))
        self.assertEqual(cases['large']['reason'],
                         f'its shapes need up to {large:.1f} MiB, more than --max-memory, {int(limit) / MIB:.1f}')
        self.assertEqual(self.results('--max-memory', f'{int(large) + 1}M')['large']['status'], 'PASS')
        self.assertEqual(self.results('--max-memory', f'{int(large) + 1}MiB')['large']['status'], 'PASS')
        # Also where a result is at hand: the answer does not depend on what is kept.
        self.write('huge/huge.json', sized(40_000))
        unasked = self.tool('run', 'huge', code=0)
        self.assertIn('1 case(s) skipped for their size; --max-memory allows more', unasked.stderr)
        self.assertEqual(last_line(unasked.stdout), '0 passed, 0 failed, 1 skipped')
        self.results('--cache', 'cache')
        self.assertEqual(self.results('--cache', 'cache', '--max-memory', limit)['large']['status'], 'SKIP')

    def test_the_estimate_is_on_the_safe_side(self):
        self.write('tiny/a.json', sized(1))
        base = min(peak(['run', 'tiny'], self.folder)[1] for _ in range(3))
        for rows in (500, 2000, 6000):
            self.write('cases/a.json', sized(rows))
            code, most = peak(['run', 'cases', '--report', 'json=r.json'], self.folder)
            self.assertEqual(code, 0)
            planned = self.need('a') * MIB
            print(f'{rows} rows: planned {planned / MIB:.0f} MiB, took {(most - base) / MIB:.0f} MiB')
            self.assertLess(most - base, planned)

    def test_cases_that_run_together_stay_within_it(self):
        for i in range(8):
            self.write(f'cases/{i}.json', sized(1500 + i))
        self.write('tiny/a.json', sized(1))
        base = peak(['run', 'tiny'], self.folder)[1]
        limit = int(1.5 * self.need('7') * MIB)
        code, most = peak(['run', 'cases', '-j', 8, '--max-memory', limit], self.folder)
        self.assertEqual(code, 0)
        self.assertLess(most - base, limit)
        result = self.tool('run', 'cases', '-j', 8, '--max-memory', limit, code=0)
        self.assertEqual(last_line(result.stdout), '8 passed, 0 failed, 0 skipped')

    def test_sizes_are_sizes(self):
        self.write('cases/a.json', sized(4))
        for size in ('0', '-1', 'x', '5X', '1.5G', '99999999999T', 'M'):
            self.assertIn('such as 512M or 2G', self.tool('run', 'cases', f'--max-memory={size}', code=4).stderr)


class Streaming(ToolTest):
    def test_values_of_cases_that_have_run_are_not_held(self):
        rows = 400
        for i in range(40):
            case = sized(rows)
            case['inputs']['x']['seed'] = i
            case['run'] = {'mode': 'forward'}
            self.write(f'many/{i:02}.json', case)
            if i < 10:
                self.write(f'few/{i:02}.json', case)
        few, many = (peak(['run', folder], self.folder)[1] for folder in ('few', 'many'))
        print(f'peak of 10 cases {few / MIB:.1f} MiB, of 40 cases {many / MIB:.1f} MiB')
        # A case that has run leaves its result; that is less than the smallest of its inputs.
        self.assertLess(many - few, 30 * rows * 64 * 4)

    def test_a_case_that_has_run_leaves_less_than_twice_its_text(self):
        """What is kept of a case, as it was read and then as its result, against its part of the report."""
        peaks = []
        for count in (300, 1200):
            many_cases.write(BINARY, self.folder / str(count), count, values=False)
            peaks.append(min(peak(['run', str(count), '-q'], self.folder)[1] for _ in range(2)))
        self.tool('run', '300', '--report', 'json=r.json')
        text = (self.folder / 'r.json').stat().st_size / 300
        kept = (peaks[1] - peaks[0]) / 900
        print(f'a case leaves {kept / 1024:.1f} KiB, its text has {text / 1024:.1f} KiB')
        self.assertLess(kept, 2 * text)
