"""`show`: the same facts as text, drawing, dot and JSON; values by name; hostile names stay text."""
import json
import xml.etree.ElementTree as ElementTree

from support import ToolTest, dense

SVG = '{http://www.w3.org/2000/svg}'


class Show(ToolTest):
    def test_a_drawing_has_a_box_for_every_value_and_says_what_the_plan_says(self):
        path = self.write('cases/a.json', dense())
        svg = self.tool('show', path, '--svg', code=0).stdout
        root = ElementTree.fromstring(svg)
        self.assertEqual(root.tag, SVG + 'svg')
        boxes = {g.get('data-id') for g in root.iter(SVG + 'g') if g.get('data-id')}
        shown = json.loads(self.tool('show', path, '--json', code=0).stdout)[0]
        names = {v['name'] for kind in ('inputs', 'params', 'nodes') for v in shown[kind]}
        self.assertEqual(boxes, names)
        text = ' '.join(root.itertext())
        for word in ("rule 0 '.*'", 'dot_general0', 'lhs s8 absmax scale [4, 1]', 'fast path', 'EXACT',
                     'rhs weight'):
            self.assertIn(word, text)
        self.assertNotIn('http', svg.replace('http://www.w3.org/2000/svg', ''))

    def test_json_states_roles_rules_paths_and_scales(self):
        path = self.write('cases/a.json', dense())
        node = json.loads(self.tool('show', path, '--json', code=0).stdout)[0]['nodes'][0]
        self.assertEqual(node['op_id'], 'dot_general0')
        self.assertEqual(node['rule'], 0)
        self.assertEqual(node['path'], 'fast')
        self.assertEqual(node['forward'], {'class': 'EXACT'})
        self.assertEqual((node['lhs']['role'], node['rhs']['role']), ('activation', 'weight'))
        self.assertEqual(node['rhs']['quantize']['qtype'], 's8')
        self.assertEqual(node['lhs']['quantize']['scale_shape'], [4, 1])

    def test_dot_and_files(self):
        path = self.write('cases/a.json', dense())
        dot = self.tool('show', path, '--dot', code=0).stdout
        self.assertTrue(dot.startswith('digraph "a" {'), dot)
        self.assertIn('" -> "', dot)
        self.assertEqual(self.tool('show', path, '--dot', '-o', 'a.dot', code=0).stdout, '')
        self.assertEqual((self.folder / 'a.dot').read_text(encoding='utf-8'), dot)
        self.assertIn('one at a time', self.tool('show', path, '--dot', '--svg', code=4).stderr)
        self.tool('show', path, '--svg', '-o', 'no/where.svg', code=4)

    def test_values_of_inputs_and_params_too(self):
        case = dense()
        path = self.write('cases/a.json', case)
        for name in list(case['inputs']) + list(case['params']):
            lines = self.tool('show', path, '--values', name, '--limit', '1', code=0).stdout.splitlines()
            self.assertRegex(lines[1], r'\(0x[0-9a-f]{8}\)$')
        refused = self.tool('show', path, '--values', 'step0/quant/h/fwd/lhs.qvalu', code=4)
        self.assertIn("did you mean 'step0/quant/h/fwd/lhs.qvalue'", refused.stderr)
        self.assertEqual(refused.stdout, '')

    def test_names_that_are_markup_stay_text(self):
        evil = '</title><script>alert("1")</script>&'
        case = dense()
        name = case['nodes'][0]['name']
        case['title'] = evil
        case['nodes'][0]['name'] = evil
        for node in case['nodes'][1:]:
            node['args'] = [evil if a == name else a for a in node['args']]
        path = self.write('cases/a.json', case)
        root = ElementTree.fromstring(self.tool('show', path, '--svg', code=0).stdout)
        self.assertEqual([e.tag for e in root.iter() if 'script' in e.tag], [])
        self.assertIn(evil, [g.get('data-id') for g in root.iter(SVG + 'g')])
        json.loads(self.tool('show', path, '--json', code=0).stdout)
