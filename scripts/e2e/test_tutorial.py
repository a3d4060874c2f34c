"""The tutorial of cases/README.md: its commands, run in an empty folder, say what it shows. The mechanism is that of
scripts/check_docs.py, which runs every other page too; here it is seen to notice what is wrong."""
import os
import pathlib
import sys

from support import BINARY, REPOSITORY, ToolTest

sys.path.insert(0, str(REPOSITORY / 'scripts'))
from check_docs import asked_for, blocks_of, check_text, matches, run_block, run_steps, transcript  # noqa: E402


class Tutorial(ToolTest):
    def setUp(self):
        super().setUp()
        shim = self.folder / 'bin'
        shim.mkdir()
        (shim / 'mxcheck').symlink_to(pathlib.Path(BINARY).resolve())
        self.work = self.folder / 'work'
        self.work.mkdir()
        self.environment = {**os.environ, 'PATH': f'{shim}:{os.environ["PATH"]}'}

    def run_steps(self, steps):
        return run_steps(steps, self.work, self.environment)

    def test_the_tutorial_is_true_and_takes_ten_commands_or_fewer(self):
        text = (REPOSITORY / 'cases/README.md').read_text()
        steps = [step for block in blocks_of('cases/README.md', text) if block.language == 'console'
                 for step in transcript(block.text)]
        self.assertGreater(len(steps), 5)
        self.assertLessEqual(len(steps), 10)
        self.assertEqual(self.run_steps(steps), '')

    def test_a_line_that_is_not_printed_or_a_wrong_code_is_noticed(self):
        self.assertEqual(transcript('$ a\nx\n...\n[exit 4]\n$ b\n'), [('a', ['x', '...'], 4), ('b', [], 0)])
        self.assertTrue(matches(['a', '...', 'c'], ['a', 'b', 'b', 'c']))
        self.assertTrue(matches(['a', '...', 'c'], ['a', 'c']))
        self.assertFalse(matches(['a', '...', 'c'], ['a', 'b']))
        self.assertFalse(matches(['a'], ['a', 'b']))
        self.assertIn('exit code 4, not 0', self.run_steps([('mxcheck lint missing.json', ['...'], 0)]))
        self.assertIn('is not', self.run_steps([('echo a', ['b'], 0)]))

    def test_every_kind_of_block_is_noticed_when_it_fails(self):
        text = ('```sh\ntrue\nfalse | true\n```\n\n```python\nassert False\n```\n\n```console\n$ true\nx\n```\n\n'
                '<!-- not run: needs root -->\n```sh\nfalse\n```\n\n```\nx\n```\n\n<!-- test: no' + 'body -->\n```sh\nfalse\n```\n')
        blocks = blocks_of('x.md', text)
        self.assertEqual([b.language for b in blocks], ['sh', 'python', 'console', 'sh', '', 'sh'])
        self.assertEqual([b.reason for b in blocks], ['', '', '', 'needs root', '', ''])
        self.assertEqual([b.own_test for b in blocks], ['', '', '', '', '', 'no' + 'body'])
        self.assertFalse(asked_for(blocks[5]))
        recipe = blocks_of('docs/cluster.md', '<!-- test: parallel -->\n```sh\nx\n```\n')[0]
        self.assertTrue(asked_for(recipe))
        self.assertEqual([b.line for b in blocks], [1, 6, 10, 16, 20, 25])
        for block in blocks[:3]:
            self.assertTrue(run_block(block, self.work, self.environment), block.language)
        good = blocks_of('x.md', '```sh\nmxcheck --version\n```\n```python\nprint(1)\n```\n')
        self.assertEqual([run_block(block, self.work, self.environment) for block in good], ['', ''])

    def test_words_that_are_not_true_of_the_program_are_noticed(self):
        class Known:
            @staticmethod
            def wrong(span):
                return '' if span == 'mxcheck run' else 'wrong'
        text = ('`mxcheck run`, `mxcheck rum`, `sim/suite/compare`, `sim/suite/nothing`\n[a](cases/README.md) [b](no.md)\n'
                '\n    mxcheck run cases\n\n```sh\n`mxcheck rum`\n```\n')
        self.assertEqual([p.split(': ', 1)[1] for p in check_text('x.md', text, Known)],
                         ['`mxcheck rum`: wrong', '`sim/suite/nothing`: there is no sim/suite/nothing',
                          'the link leads nowhere: no.md',
                          'commands in an indented block are not run: use ```sh or ```console'])
