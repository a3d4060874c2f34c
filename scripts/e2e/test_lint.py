"""lint: all problems at once with place and hint, what a case cannot show, SARIF and JSON."""
import json
import re

from support import REPOSITORY, ToolTest, dense

TIES = {'values': [[127.5, 0.5, -1.5, 2.5], [-127.5, 3.5, 4.5, -5.5]]}
# A product of two matrices that lacks nothing lint asks for.
STRONG = {
    'mxcheck': 1,
    'inputs': {'x': TIES, 'w': {'values': [[127.5, -2], [1.5, 3], [0.5, -127.5], [-3, 2.5]]}},
    'nodes': [{'name': 'h', 'op': 'dot_general', 'args': ['x', 'w'],
               'dimension_numbers': [[[1], [0]], [[], []]]}],
    'rules': [{'weight_qtype': 's8', 'act_qtype': 's8'}],
}


def strong(change=None):
    case = json.loads(json.dumps(STRONG))
    case['params'] = {'w': case['inputs'].pop('w')}
    if change:
        change(case)
    return case


class Lint(ToolTest):
    def findings(self, case, code=0):
        path = self.write('case.json', case)
        report = json.loads(self.tool('lint', path, '--json', code=code).stdout)
        self.assertEqual(report['errors'] + report['warnings'], len(report['findings']))
        return report['findings']

    def only(self, case, label, pointer):
        found = self.findings(case)
        self.assertEqual([(f['label'], f['pointer'], f['severity']) for f in found],
                         [(label, pointer, 'warning')])
        self.assertGreater(found[0]['line'], 0)
        self.assertTrue(found[0]['expectation'])
        return found[0]

    def test_a_strong_case_has_no_warning(self):
        self.assertEqual(self.findings(strong()), [])

    def test_data_without_a_negative_value(self):
        found = self.only(strong(lambda c: c['inputs'].update(
            x={'values': [[127.5, 0.5, 1.5, 2.5], [127.5, 3.5, 4.5, 5.5]]})), 'WEAK-SIGN', '/inputs/x')
        self.assertIn('low', found['hint'])

    def test_no_quotient_on_a_tie(self):
        def change(case):
            case['inputs']['x'] = {'values': [[127, 0.3, -1, 2], [-127, 3, 4, -5]]}
            case['params']['w'] = {'values': [[127, -2], [1, 3], [0.2, -127], [-3, 2]]}
        self.only(strong(change), 'WEAK-TIE', '/rules')

    def test_no_saturated_code(self):
        self.only(strong(lambda c: c['rules'][0].update(
            weight_calibration_method='fixed,255', act_calibration_method='fixed,255')), 'WEAK-SATURATION', '/rules')

    def test_an_axis_of_one_element(self):
        found = self.only(strong(lambda c: c['inputs'].update(x={'values': [[127.5, 0.5, -1.5, 2.5]]})),
                          'WEAK-AXIS', '/nodes/0/args/0')
        self.assertIn('axis 0 of "x" [1,4]', found['fact'].replace(', ', ','))

    def test_a_run_of_nothing_but_zeros(self):
        def change(case):
            case['rules'] = []
            case['inputs']['x'] = {'fill': 0, 'shape': [2, 4]}
        labels = [f['label'] for f in self.findings(strong(change))]
        self.assertEqual(labels, ['WEAK-SIGN', 'WEAK-VACUOUS'])

    def test_what_takes_no_part(self):
        self.only(strong(lambda c: c['inputs'].update(z={'fill': 1, 'shape': []})), 'REF-UNUSED', '/inputs/z')
        self.only(strong(lambda c: c.update(matrix={'N': [1]})), 'REF-UNUSED', '/matrix/N')
        self.only(strong(lambda c: c.update(run={'rng': {'stochastic_rounding': 1}})), 'REF-UNUSED',
                  '/run/rng/stochastic_rounding')

    def test_an_activation_with_the_shape_of_a_param(self):
        case = json.loads((REPOSITORY / 'cases/quirks/shape.json').read_text())
        del case['expect']
        self.assertIn('QUIRK-SHAPE', [f['label'] for f in self.findings(case)])

    def test_warnings_exit_0_and_1_with_strict_and_errors_4(self):
        weak = self.write('weak.json', strong(lambda c: c['inputs'].update(z={'fill': 1, 'shape': []})))
        self.assertIn('warning[REF-UNUSED]', self.tool('lint', weak, code=0).stderr)
        self.assertEqual(self.tool('lint', weak, '-q', code=0).stderr, '')
        self.tool('lint', weak, '--strict', code=1)
        self.tool('lint', self.write('good.json', strong()), '--strict', code=0)
        self.tool('lint', self.write('bad.json', dense(policy='iee')), '--strict', code=4)

    def test_a_refusal_that_needs_data_is_an_error(self):
        for name, label in (('hw_type', 'HW-TYPE'), ('hw_tail', 'HW-TAIL')):
            case = json.loads((REPOSITORY / f'cases/invalid/{name}.json').read_text())
            del case['expect']
            found = [f for f in self.findings(case, code=4) if f['severity'] == 'error']
            self.assertEqual([f['label'] for f in found], [label])
            self.assertGreater(found[0]['line'], 0)

    def test_each_kind_of_name_is_answered_with_the_nearest(self):
        case = dense(polcy=1, policy='iee', hardware='tpu_v5', checks=['goldn'])
        case['inputs']['x'].update(dtype='f23', sed=1)
        case['params']['v'] = {'fll': 1, 'shape': [1]}
        case['nodes'] += [{'name': 'a', 'op': 'reluu', 'args': ['h']},
                          {'name': 'b', 'op': 'softmax', 'args': ['hh'], 'axs': 1}]
        case['rules'][0].update(act_qtype='s88', weight_calibration_method='absmx', op_names=['einsun'],
                                bwd_stochastic_rounding='unifrm', additional_qt_config={'lhs_qtyp': 's8'})
        case['run'].update(mode='grd', los='y')
        case['run']['cotangents']['z'] = {'fill': 1, 'shape': [1]}
        hints = ' '.join(f['hint'] for f in self.findings(case, code=4))
        meant = ['policy', 'ieee', 'golden', 'f32', 'seed', 'fill', 'relu', 'axis', 's8', 'absmax', 'einsum',
                 'uniform', 'lhs_qtype', 'grad', 'loss']
        self.assertEqual([word for word in meant if f'did you mean "{word}"?' not in hints], [])
        hints = ' '.join(f['hint'] for f in self.findings(dense(hardware='tpu_v5'), code=4))
        self.assertIn('did you mean "tpu_v', hints)

    def test_a_problem_of_an_expansion_names_it_once(self):
        case = dense(matrix={'N': [16, 8, 4]})
        case['inputs']['x']['shape'] = [4, '${N}']
        facts = [f['fact'] for f in self.findings(case, code=4)]
        self.assertTrue(any('case/N=8' in fact for fact in facts), facts)
        self.assertTrue(all('case/N=16' not in fact for fact in facts), facts)

    def test_sarif_of_good_and_bad_files(self):
        self.write('suite/good.json', strong())
        self.write('suite/b d.json', dense(title='\u00e4\u00f6', colour=1, policy='iee'))
        self.write('suite/warn.json', strong(lambda c: c['inputs'].update(z={'fill': 1, 'shape': []})))
        self.tool('lint', 'suite', '--sarif', 'out.sarif', code=4)
        text = (self.folder / 'out.sarif').read_text(encoding='utf-8')
        self.tool('lint', 'suite', '--sarif', 'again.sarif', code=4)
        self.assertEqual((self.folder / 'again.sarif').read_text(encoding='utf-8'), text)
        log = json.loads(text)
        self.assertEqual(log['version'], '2.1.0')
        run = log['runs'][0]
        rules = run['tool']['driver']['rules']
        self.assertEqual([r['id'] for r in rules], sorted({r['id'] for r in rules}))
        for rule in rules:
            self.assertTrue(rule['shortDescription']['text'].endswith('.'))
        results = run['results']
        self.assertEqual({(r['ruleId'], r['level']) for r in results},
                         {('CASE-KEY', 'error'), ('CASE-VALUE', 'error'), ('REF-UNUSED', 'warning')})
        for result in results:
            self.assertEqual(rules[result['ruleIndex']]['id'], result['ruleId'])
            self.assertTrue(result['message']['text'])
            place = result['locations'][0]['physicalLocation']
            self.assertRegex(place['artifactLocation']['uri'], r'^suite/(b%20d|warn)\.json$')
            lines = (self.folder / place['artifactLocation']['uri'].replace('%20', ' ')).read_text(
                encoding='utf-8').splitlines()
            region = place['region']
            self.assertLessEqual(region['startColumn'], len(lines[region['startLine'] - 1]) + 1)
            self.assertRegex(lines[region['startLine'] - 1][region['startColumn'] - 1:], r'^"(colour|iee|z)"')
        self.assertEqual(len({r['partialFingerprints']['finding/v1'] for r in results}), len(results))

    def test_a_sarif_file_that_cannot_be_written(self):
        path = self.write('case.json', strong())
        self.assertIn('sarif', self.tool('lint', path, '--sarif', 'no/such/out.sarif', code=4).stderr)

    def test_every_warning_of_the_suite_has_a_place(self):
        stderr = self.tool('lint', REPOSITORY / 'cases', code=0).stderr
        heads = re.findall(r'^(\S.*(?:warning|error)\[.*)$', stderr, re.M)
        self.assertTrue(heads)
        for head in heads:
            self.assertRegex(head, r'\.json:\d+:\d+: warning\[[A-Z-]+\] at /')
