#!/usr/bin/env python3
"""Runs what the documentation tells its readers to run, and holds the rest of it against the program.

    check_docs.py [--build BUILD] [--list] [FILE.md ...]

Every fenced block of every *.md file has a language:

    sh        a script for bash; it must end with exit code 0
    console   commands after "$ " and what they print; "..." stands for any lines, "[exit N]" for an exit code other
              than 0
    python    a script for Debian's Python, with the built package on its path
    other     not run: text, json, cpp, cmake, ...

The blocks of a file run one after another in a copy of the sources with the built release below build/release and
`mxcheck` on the path; after the line `<!-- in an empty folder -->` in a folder of their own, after
`<!-- in the sources -->` in the copy again. A line `<!-- not run: REASON -->` before a block leaves it out; there may be
MOST_NOT_RUN of these. A block after `<!-- test: NAME -->` is run by an end-to-end test that asks for it by this name.

What stands in the text is checked too: commands and options of `mxcheck ...` in code spans must be those of the
program, paths of the repository in code spans and links must exist, and commands must not hide in indented blocks.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FENCE = re.compile(r'^```(\S*)[^\n]*\n(.*?)^```$', re.M | re.S)
NOT_RUN = re.compile(r'<!-- not run: (\S.*?) -->\s*$')
OWN_TEST = re.compile(r'<!-- test: (\S.*?) -->\s*$')
PLACE = re.compile(r'^<!-- in (an empty folder|the sources) -->$', re.M)
RUN = ('sh', 'console', 'python')
MOST_NOT_RUN = 12
TIMEOUT = 240


class Block:
    def __init__(self, path, line, language, text, reason, place, own_test=''):
        self.path, self.line, self.language, self.text = path, line, language, text
        self.reason = reason  # why it is not run, or ''
        self.place = place
        self.own_test = own_test  # the name under which an end-to-end test runs it, or ''

    def __str__(self):
        return f'{self.path}:{self.line}'


def blocks_of(path, text):
    out = []
    for found in FENCE.finditer(text):
        before = text[:found.start()].rstrip('\n')
        reason = NOT_RUN.search(before.rsplit('\n', 1)[-1])
        own_test = OWN_TEST.search(before.rsplit('\n', 1)[-1])
        line = text.count('\n', 0, found.start()) + 1
        places = PLACE.findall(before)
        out.append(Block(path, line, found[1], found[2], reason[1] if reason else '',
                         places[-1] if places else 'the sources', own_test[1] if own_test else ''))
    return out


def transcript(text):
    """[(command, [lines it prints], exit code)] of the text of a console block."""
    steps = []
    for line in text.splitlines():
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


def run_steps(steps, folder, environment):
    """What is wrong with the first step that is not as shown; '' if all are."""
    for command, shown, code in steps:
        done = subprocess.run(['bash', '-c', command], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT)
        if done.returncode != code:
            return f'$ {command}\nexit code {done.returncode}, not {code}\n{done.stdout[-4000:]}'
        if not matches(shown, done.stdout.splitlines()):
            return f'$ {command}\n{done.stdout[-4000:]}\nis not\n' + '\n'.join(shown)
    return ''


def run_script(words, text, folder, environment):
    done = subprocess.run([*words, text], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=TIMEOUT)
    return '' if done.returncode == 0 else f'exit code {done.returncode}\n{done.stdout[-4000:]}'


def run_block(block, folder, environment):
    if block.language == 'console':
        return run_steps(transcript(block.text), folder, environment)
    if block.language == 'python':
        return run_script(['/usr/bin/python3', '-c'], block.text, folder, environment)
    return run_script(['bash', '-euo', 'pipefail', '-c'], block.text, folder, environment)


def copy_sources(target):
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split('\0')
    for name in filter(None, names):
        if not (ROOT / name).exists():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def run_file(blocks, build):
    """[(block, what is wrong)]"""
    with tempfile.TemporaryDirectory(prefix='mxcheck_docs_') as temporary:
        top = pathlib.Path(temporary)
        folders = {'the sources': top / 'mxcheck', 'an empty folder': top / 'empty'}
        for folder in (*folders.values(), top / 'bin'):
            folder.mkdir()
        (top / 'bin/mxcheck').symlink_to(build / 'bin/mxcheck')
        if any(block.place == 'the sources' for block in blocks):
            copy_sources(folders['the sources'])
            (folders['the sources'] / 'build').mkdir()
            (folders['the sources'] / 'build/release').symlink_to(build)
        environment = {k: v for k, v in os.environ.items() if not k.startswith('MXCHECK_')}
        environment['PATH'] = f'{top / "bin"}:{environment["PATH"]}'
        environment['PYTHONPATH'] = str(build / 'python')
        problems = []
        for block in blocks:
            try:
                wrong = run_block(block, folders[block.place], environment)
            except subprocess.TimeoutExpired:
                wrong = f'did not end within {TIMEOUT} s'
            if wrong:
                problems.append((block, wrong))
        return problems


class Program:
    """Commands and options, from the program's own help."""

    def __init__(self, binary):
        self.binary = binary
        self.options = {}
        text = self.help()
        listed = re.findall(r'^  (\w+)  +\S', text.split('commands:')[1].split('mxcheck COMMAND')[0], re.M)
        self.commands = set(listed) | {'device-host'}

    def help(self, *words):
        return subprocess.run([self.binary, *words, '--help'], capture_output=True, text=True, check=True).stdout

    def options_of(self, command):
        if command not in self.options:
            self.options[command] = set(re.findall(r'(?<![\w-])--?[a-z][a-z-]*', self.help(command)))
        return self.options[command]

    def wrong(self, span):
        """What is wrong with a code span that begins with mxcheck."""
        words = re.split(r'[\s|]+', span)[1:]
        words = words[1:] if words and words[0].startswith('COMMAND') else words
        if not words or not re.fullmatch(r'[a-z][a-z-]*', words[0]):
            return ''
        if words[0] not in self.commands:
            return f'there is no command {words[0]}'
        for word in words[1:]:
            option = re.match(r'--[a-z][a-z-]*', word)
            if option and option[0] not in self.options_of(words[0]) and words[0] != 'device-host':
                return f'mxcheck {words[0]} has no option {option[0]}'
        return ''


TOP = ('cases/', 'sim/', 'golden/', 'reports/', 'scripts/', 'docs/', 'cmake/', '.ci/')
# Named, and made by a run or a build.
MADE = ('reports/out', 'golden/data')


def check_text(path, text, program):
    problems = []

    def complain(position, what):
        problems.append(f'{path}:{text.count(chr(10), 0, position) + 1}: {what}')

    plain = FENCE.sub(lambda found: re.sub(r'[^\n]', ' ', found[0]), text)
    for found in re.finditer(r'`([^`\n]+)`', plain):
        span = found[1]
        if re.match(r'mxcheck\s', span):
            wrong = program.wrong(span)
            if wrong:
                complain(found.start(), f'`{span}`: {wrong}')
        word = span.split()[0].rstrip('/') if span.split() else ''
        if word.startswith(TOP) and not re.search(r'[*<>{}$A-Z\[…]', word.split('/')[-1].split('.')[0]):
            if not word.startswith(MADE) and not exists(word):
                complain(found.start(), f'`{span}`: there is no {word}')
    for found in re.finditer(r'\]\(([^)#\s]+)(#[^)\s]*)?\)', plain):
        target = found[1]
        if not re.match(r'[a-z]+:', target) and not (ROOT / path).parent.joinpath(target).exists():
            complain(found.start(), f'the link leads nowhere: {target}')
    for found in re.finditer(r'(?:^|\n)\n((?:    [^\n]*\n)+)', plain):
        if re.search(r'^ {4}(\$ )?(mxcheck|scripts/|build/|cmake|ctest) ?', found[1], re.M):
            complain(found.start(1), 'commands in an indented block are not run: use ```sh or ```console')
    return problems


def exists(word):
    """A path of the repository, or one without its suffix: sim/suite/compare for compare.h."""
    path = ROOT / word
    return path.exists() or any(path.parent.glob(path.name + '.*')) or any(path.parent.glob(path.name + '_*'))


def asked_for(block):
    """Does an end-to-end test that names the page ask for the block?"""
    tests = [path.read_text(encoding='utf-8') for path in (ROOT / 'scripts/e2e').glob('test_*.py')]
    return any(block.path in text and re.search(rf"""['"]{re.escape(block.own_test)}['"]""", text) for text in tests)


def markdown_files():
    names = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    return [name for name in names if (ROOT / name).exists() and not name.startswith('reports/baselines/')]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/release')
    parser.add_argument('--list', action='store_true', help='the blocks and what becomes of them, nothing is run')
    parser.add_argument('files', nargs='*')
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    program = Program(build / 'bin/mxcheck')
    problems, ran, left_out = [], 0, []
    for name in arguments.files or markdown_files():
        text = (ROOT / name).read_text(encoding='utf-8')
        problems += check_text(name, text, program)
        blocks = blocks_of(name, text)
        problems += [f'{block}: a block without a language' for block in blocks if not block.language]
        left_out += [block for block in blocks if block.reason]
        problems += [f'{block}: no end-to-end test runs "{block.own_test}"' for block in blocks
                     if block.own_test and not asked_for(block)]
        runnable = [block for block in blocks
                    if block.language in RUN and not block.reason and not block.own_test]
        if not (build / 'python/mxcheck').exists():
            runnable = [block for block in runnable if block.language != 'python']
        if arguments.list:
            for block in blocks:
                print(f'{block}: {block.language}', 'not run: ' + block.reason if block.reason else '')
        elif runnable:
            for block, wrong in run_file(runnable, build):
                problems.append(f'{block}: {wrong}')
        ran += len(runnable)
    if len(left_out) > MOST_NOT_RUN:
        problems.append(f'{len(left_out)} blocks are left out, more than {MOST_NOT_RUN}')
    for problem in problems:
        print(problem)
    for block in left_out:
        print(f'not run: {block}: {block.reason}')
    print(f'docs: {ran} blocks run, {len(left_out)} left out, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
