"""The checks that need no golden: `ste`, `srq`, `metamorphic`; named in a case, shown with -v, in the
JSON report, and failing for planted faults."""
import json

from support import ToolTest, dense, last_line


class Checks(ToolTest):
    def report(self, case, *arguments, code=0):
        path = self.write('case.json', case)
        result = self.tool('run', path, '--report', 'json=report.json', *arguments, code=code)
        report = json.loads((self.folder / 'report.json').read_text(encoding='utf-8'))
        return result.stdout, report['cases'][0]

    def only(self, case, check):
        text, result = self.report({**case, 'checks': [check]}, '-v')
        self.assertEqual([c['check'] for c in result['checks']], [check])
        self.assertEqual(result['status'], 'PASS')
        self.assertEqual(last_line(text), '1 passed, 0 failed, 0 skipped')
        return text, result['checks'][0]

    def statistics(self):
        run = {'mode': 'calibrate', 'steps': 3}
        rules = [{'weight_qtype': 's8', 'act_qtype': 's8', 'act_static_scale': True}]
        return dense(run=run, rules=rules)

    def test_gradients_have_their_bound_and_likeness(self):
        text, check = self.only(dense(), 'ste')
        self.assertIn('BND-5', text)
        self.assertRegex(text, r'of its bound \(BND-5.*\), cosine 0\.99\d+, SQNR \d+\.\d dB')
        for figure in check['figures']:
            self.assertLessEqual(figure['worst_bound_fraction'], 1)
            self.assertGreater(figure['cosine'], 0.99)

    def test_statistics_report_the_drift_of_a_long_sum(self):
        _, check = self.only(self.statistics(), 'srq')
        relations = {r['relation'] for r in check['relations']}
        self.assertLessEqual({'frozen', 'own_value', 'order', 'batch_merge', 'long_run'}, relations)
        long_run = [f for f in check['figures'] if f['name'].startswith('long_run')]
        self.assertEqual(len(long_run), 1)
        self.assertIn('n = 100000', long_run[0]['formula'])

    def test_relations_say_how_often_they_were_applied_and_why_not(self):
        case = dense(rules=[{'weight_qtype': 's8', 'act_qtype': 's8',
                             'act_calibration_method': 'fixed,2'}])
        _, check = self.only(case, 'metamorphic')
        relations = {r['relation']: r for r in check['relations']}
        for name in ('alone', 'scale_inputs', 'scale_cotangent', 'permute_k', 'permute_rows',
                     'split_batch', 'split_k'):
            self.assertGreater(relations[name]['applied'], 0, name)
        reasons = relations['scale_inputs (lhs)']['not_applicable']
        self.assertEqual(reasons, [{'reason': 'a fixed range (CAL)', 'times': 1}])

    def test_every_quantization_counts_ties_and_sensitive_codes(self):
        _, result = self.report(dense())
        names = {q['name'] for q in result['quantizations']}
        self.assertIn('step0/quant/h/dlhs/lhs', names)
        for q in result['quantizations']:
            for key in ('ties', 'sensitive', 'reciprocal'):
                self.assertIsInstance(q[key], int, (q['name'], key))

    def test_planted_faults_fail_the_check_they_belong_to(self):
        for check, fault, case in (('ste', 'gradient_scale_not_folded', dense()),
                                   ('srq', 'statistics_count_off_by_one', self.statistics()),
                                   ('metamorphic', 'last_k_dropped', dense()),
                                   ('fake_quant', 'round_down', dense())):
            with self.subTest(check=check, fault=fault):
                _, result = self.report({**case, 'checks': [check]}, '--fault', fault, code=1)
                self.assertEqual(result['checks'][0]['status'], 'FAIL')

    def test_a_check_that_does_not_apply_is_absent(self):
        _, result = self.report(dense(run={'mode': 'forward'}))
        names = [c['check'] for c in result['checks']]
        self.assertIn('metamorphic', names)
        self.assertNotIn('ste', names)
        self.assertNotIn('srq', names)
