"""What the program says of itself: help with examples for every command, suggestions, explain, the manual page and
completion, all made from the same tables."""
import re
import shutil
import subprocess

from support import BINARY, ToolTest, dense


class Help(ToolTest):
    def commands(self):
        text = self.tool('--help', code=0).stdout
        found = re.findall(r'^  (\w+)  +\S', text.split('commands:')[1].split('mxcheck COMMAND')[0], re.M)
        self.assertGreater(len(found), 15)
        return found

    def test_every_command_has_help_with_an_example_and_suggestions(self):
        for command in self.commands():
            text = self.tool(command, '--help', code=0).stdout
            self.assertIn(f'usage: mxcheck {command}', text)
            self.assertRegex(text.split('examples:')[1], rf'mxcheck {command}|completion')
            self.assertEqual(self.tool('help', command, code=0).stdout, text)
            option = re.findall(r'--([a-z-]{4,})', text.split('options:')[1])[0]
            wrong = self.tool(command, f'--{option[:-1]}{"x" if option[-1] != "x" else "y"}', code=4)
            self.assertIn('did you mean', wrong.stderr, command)
        self.assertIn("did you mean 'bless'", self.tool('bles', code=4).stderr)
        self.assertIn("did you mean 'bless'", self.tool('help', 'bles', code=4).stderr)

    def test_explain_knows_labels_and_the_words_of_reports(self):
        everything = self.tool('explain', code=0).stdout
        for word, meaning in (('QNT-1', 'rule'), ('qnt-1', 'rule'), ('VACUOUS', 'status'), ('EXACT', 'class'),
                              ('fake_quant', 'check'), ('sensitive', 'report'), ('tie', 'policy knob'),
                              ('partial_bits', 'hardware key'), ('round_half_away', 'fault')):
            out = self.tool('explain', word, code=0).stdout
            self.assertIn(f'({meaning})', out, word)
            self.assertRegex(out, r'(implemented|made) in \S+', word)
            self.assertIn(word.upper() if word.startswith('qnt') else word, everything)
        self.assertIn("did you mean 'VACUOUS'", self.tool('explain', 'VACUOS', code=4).stderr)

    def test_the_manual_page_has_every_command_and_option(self):
        page = self.tool('help', '--man', code=0).stdout
        self.assertTrue(page.startswith('.TH MXCHECK 1'))
        for command in self.commands():
            self.assertIn(f'\n.SS {command}\n', page)
            for option in re.findall(r'^  (?:-\w \[ )?--([a-z-]+)', self.tool(command, '--help').stdout, re.M):
                self.assertIn('\\-\\-' + option.replace('-', '\\-'), page, command)
        if shutil.which('man'):
            self.write('mxcheck.1', page)
            shown = subprocess.run(['man', '--warnings', '-l', 'mxcheck.1'], cwd=self.folder, text=True,
                                   capture_output=True, check=True)
            self.assertEqual(shown.stderr, '')
            self.assertIn('MXCHECK(1)', shown.stdout)

    def complete(self, *words):
        """What bash offers for the last word."""
        line = ' '.join(words)
        script = (f'export PATH="{BINARY.rsplit("/", 1)[0]}:$PATH"\nsource <(mxcheck completion bash)\n'
                  f'COMP_WORDS=({" ".join(repr(w) for w in words)})\nCOMP_CWORD={len(words) - 1}\n'
                  f'_mxcheck\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n')
        result = subprocess.run(['bash', '-c', script], cwd=self.folder, text=True, capture_output=True, check=True)
        self.assertEqual(result.stderr, '', line)
        return result.stdout.split()

    def test_bash_completes_commands_options_words_ids_and_labels(self):
        self.write('cases/topic/one.json', dense())
        self.assertEqual(self.complete('mxcheck', 'ble'), ['bless'])
        self.assertEqual(self.complete('mxcheck', 'bless', '--dry'), ['--dry-run'])
        self.assertEqual(self.complete('mxcheck', 'new', '--mode', 'q'), ['qat', 'qt'])
        self.assertEqual(self.complete('mxcheck', 'run', '--level', 'f'), ['functional', 'fast'])
        self.assertIn('conv_general_dilated', self.complete('mxcheck', 'list', '--op', 'c'))
        self.assertEqual(self.complete('mxcheck', 'show', 'topic/'), ['topic/one'])
        self.assertEqual(self.complete('mxcheck', 'run', '--id', 't'), ['topic/one'])
        self.assertIn('QNT-1', self.complete('mxcheck', 'explain', 'QNT'))
        self.assertEqual(self.complete('mxcheck', 'run', 'cas'), ['cases'])

    def test_every_word_that_completion_offers_is_taken(self):
        """An option's words come from the tables; what the option refuses must not be offered."""
        path = self.write('a.json', dense())
        script = self.tool('completion', 'bash', code=0).stdout
        offers = re.findall(r'^    (\w+):--([a-z-]+)\S*\) COMPREPLY=\(\$\(compgen -W "([^"]+)"', script, re.M)
        self.assertGreater(len(offers), 15)
        for command, option, words in offers:
            for word in words.split():
                # Whatever else is wrong with the command line, it is not this word.
                arguments = ['x', '--force'] if command == 'new' else [path]
                if command in ('bench', 'mutate', 'minimize', 'conform', 'sim'):
                    continue  # long
                stderr = self.tool(command, *arguments, f'--{option}', word).stderr
                self.assertNotIn(f"--{option} is '", stderr)
                self.assertNotIn(f"--{option}: there is no", stderr)

    def test_zsh_takes_the_script(self):
        script = self.tool('completion', 'zsh', code=0).stdout
        self.assertTrue(script.startswith('#compdef mxcheck\n'))
        for command in self.commands():
            self.assertIn(f'\n    {command}) _arguments', script)
        if not shutil.which('zsh'):
            self.skipTest('there is no zsh here')
        path = self.write('_mxcheck', script)
        subprocess.run(['zsh', '-n', path], check=True)
