"""Malformed cases: each exits 4 with file:line:column, the right label and a text, never crashes.

`*` stands for any character in a label. Every variant is one change to a good case.
"""
import fnmatch
import json
import re

from support import ToolTest, dense


def changed(change):
    case = dense()
    change(case)
    return json.dumps(case, indent=1)


def set_node(key, value):
    return changed(lambda c: c['nodes'][0].__setitem__(key, value))


def set_input(source):
    return changed(lambda c: c['inputs'].__setitem__('x', source))


GOOD = json.dumps(dense(), indent=1)
# name -> (text, label pattern)
VARIANTS = {
    'empty file': ('', 'JSON-*'),
    'not closed': (GOOD[:-2], 'JSON-*'),
    'trailing comma': (GOOD.replace('"mxcheck": 1,', '"mxcheck": 1,,', 1), 'JSON-*'),
    'trailing text': (GOOD + '{}', 'JSON-*'),
    'NaN literal': (GOOD.replace('"mxcheck": 1', '"mxcheck": NaN', 1), 'JSON-*'),
    'bad escape': (GOOD.replace('dense, int8', 'dense \\x', 1), 'JSON-*'),
    'control character': (GOOD.replace('dense, int8', 'dense \x01', 1), 'JSON-*'),
    'deep nesting': (GOOD.replace('"dense, int8"', '[' * 2000 + ']' * 2000, 1), 'JSON-*'),
    'duplicate key': (GOOD.replace('"mxcheck": 1,', '"mxcheck": 1, "mxcheck": 1,', 1), 'JSON-*'),
    'not an object': ('[1, 2]', 'CASE-*'),
    'unknown key': (changed(lambda c: c.__setitem__('polcy', 'ieee')), 'CASE-*'),
    'missing key': (changed(lambda c: c.pop('nodes')), 'CASE-*'),
    'wrong type': (changed(lambda c: c.__setitem__('tags', 'smoke')), 'CASE-*'),
    'number for a word': (changed(lambda c: c.__setitem__('title', 3)), 'CASE-*'),
    'version 2': (changed(lambda c: c.__setitem__('mxcheck', 2)), 'CASE-*'),
    'version 1.0 as text': (changed(lambda c: c.__setitem__('mxcheck', '1')), 'CASE-*'),
    'unknown op': (set_node('op', 'dot_genral'), '*'),
    'unknown policy': (changed(lambda c: c.__setitem__('policy', 'iee')), '*'),
    'unknown knob': (changed(lambda c: c.__setitem__('policy', {'base': 'ieee', 'tiee': 'up'})), '*'),
    'unknown argument': (set_node('args', ['x', 'nothing']), 'REF-*'),
    'argument from later': (set_node('args', ['y', 'Dense_0/kernel']), 'REF-*'),
    'duplicate name': (changed(lambda c: c['nodes'][1].__setitem__('name', 'h')), 'REF-*'),
    'too few arguments': (set_node('args', ['x']), '*'),
    'shape mismatch': (set_node('dimension_numbers', [[[0], [0]], [[], []]]), 'SHP-*'),
    'axis out of range': (set_node('dimension_numbers', [[[7], [0]], [[], []]]), 'SHP-*'),
    'huge shape': (set_input({'fill': 1, 'shape': [1 << 40, 1 << 40]}), '*'),
    'negative shape': (set_input({'fill': 1, 'shape': [-4, 16]}), '*'),
    'fractional shape': (set_input({'fill': 1, 'shape': [4.5, 16]}), '*'),
    'shape beyond 64 bits': (set_input({'fill': 1, 'shape': [99999999999999999999, 16]}), '*'),
    'integer out of range': (set_input({'values': [[300]], 'dtype': 's8'}), 'SRC-*'),
    'ragged list': (set_input({'values': [[1, 2], [3]]}), 'SRC-*'),
    'two forms of source': (set_input({'fill': 1, 'iota': 0, 'shape': [4, 16]}), 'SRC-*'),
    'no form of source': (set_input({'shape': [4, 16]}), 'SRC-*'),
    'unknown dtype': (set_input({'fill': 1, 'shape': [4, 16], 'dtype': 'f31'}), '*'),
    'missing file': (set_input({'file': 'no.safetensors', 'tensor': 't'}), '*'),
    'path out of the suite': (set_input({'file': '../../etc/passwd', 'tensor': 't'}), '*'),
    'absolute path': (set_input({'file': '/etc/passwd', 'tensor': 't'}), '*'),
    'golden out of the suite': (changed(lambda c: c.__setitem__(
        'expect', {'golden': '../../../g.safetensors'})), '*'),
    'golden missing': (changed(lambda c: c.__setitem__('expect', {'golden': 'g.safetensors'})), 'GOLD-*'),
    'unused rule': (changed(lambda c: c['rules'].append({'module_path': 'x', 'weight_qtype': 's8'})),
                    'RULE-UNUSED'),
    'bad regular expression': (changed(lambda c: c['rules'][0].__setitem__('module_path', '(')), '*'),
    'unknown qtype': (changed(lambda c: c['rules'][0].__setitem__('weight_qtype', 's7')), '*'),
    'unknown method': (changed(lambda c: c['rules'][0].__setitem__(
        'weight_calibration_method', 'absmin')), 'CAL-METHOD'),
    'unknown mode': (changed(lambda c: c['run'].__setitem__('mode', 'backward')), '*'),
    'no steps': (changed(lambda c: c['run'].__setitem__('steps', 0)), '*'),
    'cotangent of nothing': (changed(lambda c: c['run'].__setitem__(
        'cotangents', {'q': {'fill': 1, 'shape': [4, 8]}})), '*'),
    'cotangent of another shape': (changed(lambda c: c['run'].__setitem__(
        'cotangents', {'y': {'fill': 1, 'shape': [4, 9]}})), '*'),
    'unknown hardware': (changed(lambda c: c.__setitem__('hardware', 'tpu_v9')), '*'),
    'hardware without rows': (changed(lambda c: c.__setitem__(
        'hardware', {'base': 'ideal_int32', 'rows': 0})), '*'),
    'unbound matrix name': (changed(lambda c: c.update(
        matrix={'M': [1, 2]}, title='${N} ${M}')), '*'),
}


class Malformed(ToolTest):
    def check(self, command, text, label, name):
        path = self.write('case.json', text)
        result = self.tool(command, path, code=4)
        place = re.findall(r'case\.json:(\d+):(\d+): error\[([A-Z0-9-]+)\]', result.stderr)
        self.assertTrue(place, f'{name}: no place in {result.stderr!r}')
        self.assertTrue(any(fnmatch.fnmatch(found, label) for _, _, found in place),
                        f'{name}: {label} is not in {result.stderr!r}')
        return result

    def test_run_refuses_each_with_its_place_and_label(self):
        for name, (text, label) in VARIANTS.items():
            with self.subTest(name):
                self.check('run', text, label, name)

    def test_lint_says_the_same_without_running(self):
        for name, (text, label) in VARIANTS.items():
            with self.subTest(name):
                self.check('lint', text, label, name)

    def test_every_problem_of_a_file_is_reported(self):
        case = dense(colour=1, tags=3, policy='iee')
        case['nodes'][1]['op'] = 'relux'
        stderr = self.tool('lint', self.write('case.json', case), code=4).stderr
        self.assertGreaterEqual(stderr.count('error['), 4, stderr)

    def test_text_that_is_not_utf8(self):
        path = self.folder / 'case.json'
        path.write_bytes(json.dumps(dense()).encode().replace(b'dense', b'\xff\xfe', 1))
        self.assertIn('JSON-', self.tool('run', path, code=4).stderr)

    def test_a_truncated_file_at_every_length(self):
        text = json.dumps(dense())
        for length in range(0, len(text) - 1, 7):
            path = self.write('case.json', text[:length])
            self.tool('run', path, code=4)

    def test_a_folder_and_a_fifo_named_like_a_case(self):
        import os
        (self.folder / 'cases/folder.json').mkdir(parents=True)
        os.mkfifo(self.folder / 'cases/pipe.json')
        self.tool('run', 'cases', code=4)

    def test_a_link_out_of_the_suite_is_refused(self):
        outside = self.write('outside/values.safetensors', 'x')
        (self.folder / 'suite').mkdir()
        (self.folder / 'suite/link.safetensors').symlink_to(outside)
        path = self.write('suite/case.json', set_input({'file': 'link.safetensors', 'tensor': 't'}))
        stderr = self.tool('run', path, code=4).stderr
        self.assertRegex(stderr, r'case\.json:\d+:\d+: error\[')
