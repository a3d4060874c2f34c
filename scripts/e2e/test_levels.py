"""Levels and instruction sets: licences, forced choices, the same bits whatever computes them."""
import hashlib
import json
import re

from support import REPOSITORY, ToolTest, dense, last_line

CASES = REPOSITORY / 'cases'
# Pairs of products in 15 bits that wrap: other bits than a plain sum, so no kernel may stand in.
NARROW = {'base': 'ideal_int32', 'product_group': 2, 'group_bits': 15}


class Levels(ToolTest):
    def report(self, *arguments, code=0):
        result = self.tool('run', *arguments, '--report', 'json=r.json', code=code)
        return json.loads((self.folder / 'r.json').read_text()), result

    def found(self):
        return json.loads(self.tool('info', '--json', code=0).stdout)

    def test_level_fast_refuses_what_has_no_licence_and_says_why(self):
        path = self.write('narrow.json', dense(hardware=NARROW))
        result = self.tool('run', path, '--level', 'fast', code=4)
        self.assertIn('[HW-LICENCE]', result.stderr)
        self.assertRegex(result.stderr, r"step0/quant/h/fwd: .*no licence: a group's sum can leave")
        self.assertEqual(last_line(result.stdout), '0 passed, 1 failed, 0 skipped')
        self.write('refused.json', dense(hardware=NARROW, expect={'error': 'HW-LICENCE'}))
        self.tool('run', 'refused.json', '--level', 'fast', code=0)

    def test_level_fast_takes_what_wraps_or_is_proved_to_fit(self):
        self.write('cases/wraps.json', dense())
        self.write('cases/fits.json', dense(hardware={'base': 'gemmini_16'}))
        report, _ = self.report('--level', 'fast')
        for case in report['cases']:
            want = 'wraps modulo 2^32' if case['id'] == 'wraps' else 'range proof'
            self.assertEqual(sum(p['products'] for p in case['paths']), 3, case['paths'])
            for path in case['paths']:
                self.assertEqual(path['level'], 'fast')
                self.assertIn(want, path['reason'])

    def test_the_default_falls_to_the_functional_model_and_says_so(self):
        path = self.write('narrow.json', dense(hardware=NARROW))
        report, result = self.report(path, '-vv')
        self.assertEqual(report['context']['level'], 'auto')
        self.assertTrue(report['cases'][0]['paths'])
        for use in report['cases'][0]['paths']:
            self.assertEqual((use['level'], use['kernel']), ('functional', ''))
            self.assertIn("a group's sum can leave", use['reason'])
        self.assertRegex(result.stdout, r"\d products on the functional model: .*a group's sum can leave")
        fast = [c for c in report['cases'][0]['checks'] if c['check'] == 'fast']
        self.assertEqual([c['status'] for c in fast], ['SKIP'])
        self.assertIn('no product holds a licence', fast[0]['reason'])

    def test_a_forced_instruction_set_is_obeyed(self):
        path = self.write('dense.json', dense())
        facts = self.found()
        isa_of = {k['name']: k['isa'] for k in facts['kernels']}
        for isa in facts['isa_found']:
            chosen = json.loads(self.tool('info', '--json', '--isa', isa, code=0).stdout)
            self.assertEqual(chosen['isa_chosen'], isa)
            report, _ = self.report(path, '--isa', isa, '--level', 'fast')
            self.assertEqual(report['context']['isa'], isa)
            used = [p['kernel'] for p in report['cases'][0]['paths']]
            self.assertEqual({isa_of[name] for name in used}, {isa})
            runs = {k['name'] for k in chosen['kernels'] if k['runs']}
            exercised = {k['name'] for k in report['kernels'] if k['uses'] > 0}
            self.assertLessEqual(exercised, runs, isa)

    def test_an_instruction_set_that_is_not_here_is_refused_with_the_list(self):
        self.write('cases/a.json', dense())
        facts = self.found()
        missing = [i['name'] for i in facts['isas'] if not i['here']]
        self.assertTrue(missing)  # no host has both architectures
        for isa in [missing[0], 'avx9000', 'AVX2']:
            for command in ('run', 'info', 'bench'):
                stderr = self.tool(command, '--isa', isa, code=4).stderr
                for name in facts['isa_found']:
                    self.assertIn(name, stderr)
        self.tool('run', environment={'MXCHECK_ISA': missing[0]}, code=4)

    def test_cycle_level_uses_no_kernel(self):
        report, _ = self.report(self.write('dense.json', dense()), '--level', 'cycle')
        self.assertEqual({p['level'] for p in report['cases'][0]['paths']}, {'cycle'})
        self.assertEqual(report['kernels'], [])


class WholeSuite(Levels):
    def test_every_kernel_of_the_host_is_exercised_and_listed(self):
        report, result = self.report(CASES)
        facts = self.found()
        here = [(k['name'], k['family'], k['isa']) for k in facts['kernels']
                if k['isa'] in facts['isa_found']]
        listed = [(k['name'], k['family'], k['isa']) for k in report['kernels']]
        self.assertEqual(listed, here)
        self.assertEqual([k['name'] for k in report['kernels'] if k['uses'] == 0], [])
        self.assertIn(f'kernels exercised: {len(here)} of {len(here)}\n', result.stdout)

    def test_the_report_is_the_same_for_any_number_of_jobs(self):
        texts = []
        for jobs in (1, 8):
            self.report(CASES, '-j', jobs)
            text = (self.folder / 'r.json').read_text()
            texts.append(re.sub(r'"milliseconds": [-+0-9.e]+', '"milliseconds": 0', text))
        self.assertEqual(texts[0], texts[1])

    def test_all_levels_and_instruction_sets_give_the_same_dump(self):
        # What has no licence is left out: level fast refuses it.
        report, _ = self.report(CASES)
        unlicensed = [c['id'] for c in report['cases']
                      if any(p['level'] != 'fast' for p in c['paths'])]
        self.assertTrue(unlicensed)
        self.assertTrue(all(case.startswith('hardware/') for case in unlicensed), unlicensed)
        keyword = ' and '.join(f'not {case}' for case in unlicensed)
        digests = {}
        runs = [('functional', None)]
        runs += [(level, isa) for level in ('auto', 'fast') for isa in self.found()['isa_found']]
        for level, isa in runs:
            self.tool('run', CASES, '-k', keyword, '--level', level, *(['--isa', isa] if isa else []),
                      '-j', '0', '--dump', 'd.safetensors', code=0)
            data = (self.folder / 'd.safetensors').read_bytes()
            digests[f'{level} {isa}'] = hashlib.sha256(data).hexdigest()
        self.assertEqual(len(set(digests.values())), 1, digests)
