"""The tutorial of cases/README.md: its commands, run in an empty folder, say what it shows.

Blocks of ```console hold commands after "$ " and what they print; "..." stands for any lines, and
"[exit N]" for an exit code other than 0.
"""
import os
import pathlib
import re
import subprocess

from support import BINARY, REPOSITORY, ToolTest


def transcript(text):
    """[(command, [lines it prints], exit code)]"""
    steps = []
    for block in re.findall(r'^```console\n(.*?)^```', text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith('$ '):
                steps.append((line[2:], [], [0]))
            elif re.fullmatch(r'\[exit \d+\]', line):
                steps[-1][2][0] = int(line[6:-1])
            else:
                steps[-1][1].append(line)
    return [(command, lines, code[0]) for command, lines, code in steps]


def matches(shown, printed):
    """Are the printed lines those shown, "..." standing for any number of them?"""
    pattern = ''.join('(?:.*\n)*?' if line == '...' else re.escape(line) + '\n' for line in shown)
    return re.fullmatch(pattern, ''.join(line + '\n' for line in printed)) is not None


class Tutorial(ToolTest):
    def run_steps(self, steps):
        shim = self.folder / 'bin'
        shim.mkdir()
        (shim / 'mxcheck').symlink_to(pathlib.Path(BINARY).resolve())
        work = self.folder / 'work'
        work.mkdir()
        environment = {**os.environ, 'PATH': f'{shim}:{os.environ["PATH"]}'}
        for command, shown, code in steps:
            done = subprocess.run(command, shell=True, cwd=work, env=environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            self.assertEqual(done.returncode, code, f'$ {command}\n{done.stdout}')
            self.assertTrue(matches(shown, done.stdout.splitlines()),
                            f'$ {command}\n{done.stdout}\nis not\n' + '\n'.join(shown))

    def test_the_tutorial_is_true_and_takes_ten_commands_or_fewer(self):
        steps = transcript((REPOSITORY / 'cases/README.md').read_text())
        self.assertGreater(len(steps), 5)
        self.assertLessEqual(len(steps), 10)
        self.run_steps(steps)

    def test_a_line_that_is_not_printed_or_a_wrong_code_is_noticed(self):
        self.assertEqual(transcript('```console\n$ a\nx\n...\n[exit 4]\n$ b\n```\n'),
                         [('a', ['x', '...'], 4), ('b', [], 0)])
        self.assertTrue(matches(['a', '...', 'c'], ['a', 'b', 'b', 'c']))
        self.assertTrue(matches(['a', '...', 'c'], ['a', 'c']))
        self.assertFalse(matches(['a', '...', 'c'], ['a', 'b']))
        self.assertFalse(matches(['a'], ['a', 'b']))
        with self.assertRaises(AssertionError):
            self.run_steps([('mxcheck lint missing.json', ['...'], 0)])
