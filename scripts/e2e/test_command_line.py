"""Usage: unknown words get the nearest known one and exit code 4; help and version are there."""
import json

from support import ToolTest, dense


class CommandLine(ToolTest):
    def test_unknown_commands_and_options(self):
        for arguments, hint in ((['rn'], "'run'"), (['lists'], "'list'"), (['--versoin'], "'--version'"),
                                (['run', '--polic', 'ieee'], "'--policy'"),
                                (['run', '--reprot', 'json=x'], "'--report'"),
                                (['list', '--jsn'], "'--json'")):
            result = self.tool(*arguments, code=4)
            self.assertIn(f'did you mean {hint}', result.stderr, arguments)
            self.assertEqual(result.stdout, '')

    def test_values_that_cannot_be_meant(self):
        self.write('cases/a.json', dense())
        for arguments in (['-j', '-1'], ['-j', 'two'], ['-j', '1e3'], ['--timeout', '-3'],
                          ['--timeout', 'nan'], ['--maxfail', '0'], ['--policy', 'iee'],
                          ['--policy', 'ieee,tie=sideways'], ['--policy', 'ieee,ties=up'],
                          ['--level', 'cycles'], ['--isa', 'avx1024'], ['--hardware', 'tpu_v9'],
                          ['--report', 'json'], ['--report', 'pdf=x'], ['--report', 'json=no/where.json'],
                          ['--report', 'json=x', '--report', 'junit=./x'], ['--report', 'json=.'],
                          ['--annotate', 'gitlab'], ['--progress', 'always'],
                          ['--dump-mode', 'isolated'], ['--dump', 'x', '--dump-mode', 'both'],
                          ['--color', 'sometimes'], ['--shard-count', '0'], ['-q', '-q']):
            result = self.tool('run', *arguments, code=4)
            self.assertIn('mxcheck: error: ', result.stderr, arguments)

    def test_help_has_examples_and_version_has_the_commit(self):
        self.assertIn('examples:', self.tool('--help', code=0).stdout)
        for command in ('run', 'list', 'show', 'lint', 'explain', 'info'):
            text = self.tool(command, '--help', code=0).stdout
            self.assertIn('usage: mxcheck ' + command, text)
            self.assertIn('examples:', text)
        self.assertRegex(self.tool('--version', code=0).stdout, r'^mxcheck \d+\.\d+\.\d+ \(\S+\)')
        self.tool(code=4)

    def test_info(self):
        facts = json.loads(self.tool('info', '--json', code=0).stdout)
        self.assertEqual(facts['isa_chosen'], facts['isa_found'][0])
        self.assertEqual(facts['isa_found'][-1], 'scalar')
        self.assertEqual([i['name'] for i in facts['isas'] if i['here']][::-1], facts['isa_found'])
        for kernel in facts['kernels']:
            self.assertEqual(set(kernel), {'name', 'family', 'isa', 'runs', 'licence'})
        self.assertIn('gemmini_16', facts['hardware'])
        text = self.tool('info', '--hardware', 'gemmini_16', code=0).stdout
        self.assertIn('partial_bits', text)
        json.loads(self.tool('info', '--hardware', 'gemmini_16', '--json', code=0).stdout)
        bad = self.write('bad.json', {'base': 'gemmini_16', 'rows': 0, 'colour': 1})
        stderr = self.tool('info', '--hardware', bad, code=4).stderr
        self.assertIn('rows', stderr)
        self.assertIn('colour', stderr)

    def test_show(self):
        path = self.write('dense.json', dense())
        text = self.tool('show', path, code=0).stdout
        for part in ('op id dot_general0', "rule 0 '.*'", 'weight', 'path fast', 'EXACT', 'f32[4, 8]'):
            self.assertIn(part, text)
        values = self.tool('show', path, '--values', 'h', '--limit', '2', code=0).stdout
        self.assertIn('... 30 more', values)
        self.assertIn('did you mean', self.tool('show', path, '--values', 'step0/node/z', code=4).stderr)

    def test_explain(self):
        self.assertIn('sim/', self.tool('explain', 'QNT-1', code=0).stdout)
        self.assertIn("did you mean 'QNT-1'", self.tool('explain', 'QNT-11', code=4).stderr)
