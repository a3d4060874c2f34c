"""`fmt`: the canonical layout; --check and --diff change nothing; broken files are told and kept."""
import json
import subprocess

from support import BINARY, REPOSITORY, ToolTest, dense


class Fmt(ToolTest):
    def test_every_case_of_the_suite_is_in_layout(self):
        result = self.tool('fmt', '--check', REPOSITORY / 'cases', code=0)
        self.assertIn(' 0 would change, 0 refused', result.stdout)

    def test_a_file_is_brought_to_layout_once(self):
        case = dense()
        path = self.write('cases/a.json', json.dumps(dict(reversed(case.items()))))
        before = path.read_text()
        check = self.tool('fmt', '--check', 'cases', code=1)
        self.assertIn('cases/a.json\n1 files, 1 would change', check.stdout)
        diff = self.tool('fmt', '--diff', 'cases', code=1)
        self.assertIn('--- cases/a.json\n+++ cases/a.json\n@@ -1,1 +1,', diff.stdout)
        self.assertEqual(path.read_text(), before)
        self.assertIn('1 changed', self.tool('fmt', path, code=0).stdout)
        after = path.read_text()
        self.assertTrue(after.startswith('{\n  "mxcheck": 1,\n  "title": '), after)
        self.assertEqual(json.loads(after), case)
        self.tool('fmt', '--check', path, code=0)
        self.assertIn('0 changed', self.tool('fmt', path, code=0).stdout)
        self.assertEqual(path.read_text(), after)

    def test_the_diff_is_a_patch(self):
        path = self.write('cases/a.json', dense())
        before = path.read_text()
        diff = self.tool('fmt', '--diff', 'cases/a.json', code=1).stdout
        self.tool('fmt', path, code=0)
        after = path.read_text()
        path.write_text(before)
        patched = subprocess.run(['git', 'apply', '--unsafe-paths', '-p0', '-'], input=diff, text=True,
                                 cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(patched.returncode, 0, patched.stderr)
        self.assertEqual(path.read_text(), after)

    def test_a_file_that_is_no_json_is_told_and_kept(self):
        good = self.write('cases/a.json', json.dumps(dense()))
        bad = self.write('cases/b.json', '{"mxcheck": 1,\n "title": "x",\n "title": "y"}\n')
        worse = self.write('cases/c.json', '{"mxcheck": 1,\n}')
        result = self.tool('fmt', 'cases', code=4)
        self.assertIn('cases/b.json:3:2: error[JSON-DUPLICATE]', result.stderr)
        self.assertIn('cases/c.json:2:1: error[JSON-SYNTAX]', result.stderr)
        self.assertIn('3 files, 1 changed, 2 refused', result.stdout)
        self.assertEqual(bad.read_text().count('title'), 2)
        self.assertEqual(worse.read_text(), '{"mxcheck": 1,\n}')
        self.assertNotEqual(good.read_text(), json.dumps(dense()))
        self.tool('fmt', code=4)
        self.tool('fmt', 'no/such', code=4)

    def test_stdin_and_links(self):
        text = json.dumps(dense())
        out = subprocess.run([BINARY, 'fmt', '-'], input=text, text=True, capture_output=True, check=True)
        path = self.write('real.json', text)
        (self.folder / 'link.json').symlink_to('real.json')
        self.tool('fmt', 'link.json', code=0)
        self.assertTrue((self.folder / 'link.json').is_symlink())
        self.assertEqual(path.read_text(), out.stdout)
