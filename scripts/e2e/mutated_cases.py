#!/usr/bin/env python3
"""Case files damaged at random, the same ones for the same seed, and what every command does with
each within limits of time and memory.

    mutated_cases.py BINARY [COUNT] [SEED]     a hunt: writes what breaks to mutated_<n>.json
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = (['run'], ['lint'], ['list'], ['show'], ['lint', '--sarif', 'out.sarif', '-q'], ['fmt', '--check'])
SECONDS = 2.0
MEGABYTES = 200
HUNG = 120.0  # seconds until a process is killed
PLACE = re.compile(r'\.json:\d+:\d+: (error|warning)\[[A-Z0-9-]+\]')
DEEP = 100_000


def originals():
    """Texts of small cases of every topic."""
    out = []
    for path in sorted((REPOSITORY / 'cases').rglob('*.json')):
        parts = path.relative_to(REPOSITORY / 'cases').parts
        if parts[0] in ('schema', 'expectations', 'devices', 'invalid') or path.stat().st_size > 6000:
            continue
        out.append(path.read_bytes())
    return out


def paths_of(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths_of(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from paths_of(item, path + (i,))


class Mutator:
    def __init__(self, seed):
        self.seed = seed
        self.random = None  # of one file, by its number
        self.texts = originals()
        self.kinds = [getattr(self, name) for name in sorted(dir(self)) if name.startswith('by_')]

    def make(self, number):
        """(kind, bytes)"""
        kind = self.kinds[number % len(self.kinds)]
        self.random = random.Random(f'{self.seed}/{number}')
        return kind.__name__[3:], kind(self.random.choice(self.texts))

    def edit(self, text, value, where=None):
        case = json.loads(text)
        choices = [p for p in paths_of(case) if p and (where is None or where(p))]
        path = self.random.choice(choices or [('title',)])
        at = case
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value(at.get(path[-1]) if isinstance(at, dict) else at[path[-1]]) if callable(value) else value
        return json.dumps(case).encode()

    # bytes
    def by_byte_flips(self, text):
        data = bytearray(text)
        for _ in range(self.random.choice([1, 1, 2, 8, 64])):
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return bytes(data)

    def by_random_bytes(self, text):
        at = self.random.randrange(len(text))
        return text[:at] + self.random.randbytes(self.random.choice([1, 4, 100])) + text[at:]

    def by_truncation(self, text):
        return text[:self.random.randrange(len(text))]

    def by_lost_piece(self, text):
        a, b = sorted(self.random.randrange(len(text)) for _ in range(2))
        return text[:a] + text[b:]

    def by_doubled_piece(self, text):
        a, b = sorted(self.random.randrange(len(text)) for _ in range(2))
        return text[:b] + text[a:]

    def by_spliced_files(self, text):
        other = self.random.choice(self.texts)
        return text[:self.random.randrange(len(text))] + other[self.random.randrange(len(other)):]

    def by_invalid_utf8(self, text):
        at = self.random.randrange(len(text))
        bad = self.random.choice([b'\xff', b'\xc0\xaf', b'\xed\xa0\x80', b'\xf8\x88\x80\x80\x80', b'\xe2\x82', b'\x80'])
        return text[:at] + bad + text[at:]

    def by_nul_bytes(self, text):
        at = self.random.randrange(len(text))
        return text[:at] + self.random.choice([b'\0', b'\0' * 1000, b'\\u0000']) + text[at:]

    def by_another_encoding(self, text):
        return text.decode().encode(self.random.choice(['utf-16', 'utf-32', 'utf-8-sig', 'utf-16-be']))

    # tokens
    def by_punctuation(self, text):
        tokens = [m.span() for m in re.finditer(rb'[][{}:,"]', text)]
        a, b = self.random.choice(tokens)
        return text[:a] + self.random.choice([b'', b',', b']', b'}', b'[', b'{', b'"', b':', b'//', b'\\']) + text[b:]

    def by_numbers(self, text):
        spans = [m.span() for m in re.finditer(rb'-?\d[\d.eE+-]*', text)] or [(0, 0)]
        a, b = self.random.choice(spans)
        return text[:a] + self.random.choice([
            b'1e999', b'-1e999', b'1e-999', b'9' * 400, b'-' + b'9' * 400, b'18446744073709551615', b'2147483648',
            b'9223372036854775808', b'-9223372036854775808', b'0.' + b'1' * 5000, b'-0', b'1e400000000000000000',
            b'01', b'1.', b'.5', b'+1', b'0x10', b'NaN', b'Infinity', b'1e', b'--1', b'4294967296', b'-1', b'0',
            b'1000000', b'65536']) + text[b:]

    def by_duplicate_keys(self, text):
        spans = [m.span() for m in re.finditer(rb'"[a-z_]+": (?:"[^"]*"|\d+)', text)]
        a, b = self.random.choice(spans)
        return text[:a] + (text[a:b] + b', ') * self.random.choice([1, 1, 10_000]) + text[a:]

    def by_deep_nesting(self, text):
        opening, closing = self.random.choice([(b'[', b']'), (b'{"a":', b'}'), (b'[{"steps":', b'}]')])
        depth = self.random.choice([10, 63, 65, 1000, DEEP])
        spans = [m.span() for m in re.finditer(rb'(?<=: )(?:"[^"]*"|\d+)', text)]
        a, b = self.random.choice(spans)
        return text[:a] + opening * depth + b'1' + closing * self.random.choice([0, depth, depth]) + text[b:]

    def by_odd_escapes(self, text):
        spans = [m.start() + 1 for m in re.finditer(rb'"[a-z]', text)]
        at = self.random.choice(spans)
        return text[:at] + self.random.choice([b'\\ud800', b'\\udc00\\ud800', b'\\u12', b'\\x41', b'\\u202e', b'\\n',
                                               b'\\u001b[2J', b'%s%n', b'\\"', b'\x1b[31m', b'\n']) + text[at:]

    # values
    def by_wrong_types(self, text):
        return self.edit(text, self.random.choice([None, True, 0, -1, 1.5, '', 'x', [], {}, [[]], [None], {'': 0}]))

    def by_words_of_other_places(self, text):
        return self.edit(text, self.random.choice(['relu', 'einsum', 'f32', 's8', 'nf4', 'x', 'grad', 'SAME', 'absmax',
                                                   '../../../etc/passwd', '/dev/zero', '/dev/stdin', '.', '..', '~',
                                                   '${A}', '(a*)*b', '.*' * 200]))

    def by_renamed_keys(self, text):
        case = json.loads(text)
        path = self.random.choice([p for p in paths_of(case) if p and isinstance(p[-1], str)])
        at = case
        for step in path[:-1]:
            at = at[step]
        at[self.random.choice([path[-1] + 's', path[-1][:-1], path[-1].upper(), ''])] = at.pop(path[-1])
        return json.dumps(case).encode()

    def by_lost_values(self, text):
        case = json.loads(text)
        path = self.random.choice([p for p in paths_of(case) if p])
        at = case
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        return json.dumps(case).encode()

    def by_huge_strings(self, text):
        size = self.random.choice([600, 70_000, 2_000_000])
        unit = self.random.choice(['a', 'a/', '(', '(a|', '[a-z]*', '\u20ac', '../', '${A}', ','])
        return self.edit(text, unit * (size // len(unit)))

    def by_huge_shapes(self, text):
        shape = self.random.choice([[1 << 40, 1 << 40], [1 << 31, 2], [65536, 65536], [1] * 40, [0, 1 << 62], [1 << 63],
                                    [100_000, 100_000], [2**28 + 1], [-1, -1], [16385, 16385]])
        return self.edit(text, shape, lambda p: p[-1] == 'shape')

    def by_large_rows(self, text):
        """Shapes that each are allowed; the nodes still fit where an axis is free."""
        case = json.loads(text)
        rows = self.random.choice([1000, 20_000, 65_536, 1_000_000, 10_000_000])
        sources = [s for key in ('inputs', 'params') for s in (case.get(key) or {}).values()]
        sources += (case.get('run', {}).get('cotangents') or {}).values()
        for source in sources:
            if isinstance(source.get('shape'), list) and source['shape']:
                source['shape'][0] = rows
        case.get('run', {}).pop('steps', None)
        return json.dumps(case).encode()

    def by_long_lists(self, text):
        count = self.random.choice([1000, 100_000, 900_000])
        item = self.random.choice([0, 1.5, [1], {}, 'x', None])
        return self.edit(text, [item] * (count if not isinstance(item, (dict, list)) else count // 4))

    # graphs
    def by_many_nodes(self, text):
        case = json.loads(text)
        count = self.random.choice([100, 2900, 3100, 50_000])
        first = next(iter(case.get('inputs') or {'x': 0}))
        op = self.random.choice(['neg', 'relu', 'add', 'square'])
        for i in range(count):
            last = f'q{i - 1}' if i else first
            case['nodes'].append({'name': f'q{i}', 'op': op, 'args': [last] * (2 if op == 'add' else 1)})
        return json.dumps(case).encode()

    def by_circles(self, text):
        case = json.loads(text)
        names = [node['name'] for node in case['nodes']] or ['x']
        node = self.random.choice(case['nodes'])
        node['args'] = [self.random.choice(names) for _ in node['args']]
        return json.dumps(case).encode()

    def by_doubled_nodes(self, text):
        case = json.loads(text)
        case['nodes'] = case['nodes'] * self.random.choice([2, 100])
        return json.dumps(case).encode()

    def by_many_arguments(self, text):
        case = json.loads(text)
        node = self.random.choice(case['nodes'])
        node['args'] = node['args'] * self.random.choice([0, 2, 200, 20_000])
        return json.dumps(case).encode()

    def by_many_inputs(self, text):
        case = json.loads(text)
        for i in range(self.random.choice([100, 1900, 30_000])):
            case['inputs'][f'i{i}'] = {'fill': i, 'shape': [1]}
        return json.dumps(case).encode()

    def by_many_rules(self, text):
        case = json.loads(text)
        rule = {'module_path': self.random.choice(['x', '(a|b)*c', '(.*)*x', '.*.*.*.*y']), 'weight_qtype': 's8'}
        case['rules'] = [rule] * self.random.choice([1, 900, 20_000]) + case.get('rules', [])
        return json.dumps(case).encode()

    def by_matrices(self, text):
        case = json.loads(text)
        names, values = self.random.choice([(1, 10_000), (2, 100), (2, 2000), (6, 4), (16, 2), (17, 1), (4, 100)])
        case['matrix'] = {f'N{i}': list(range(values)) for i in range(names)}
        case['title'] = '${N0}' * self.random.choice([1, 1000])
        return json.dumps(case).encode()

    def by_steps(self, text):
        case = json.loads(text)
        case.setdefault('run', {})['steps'] = self.random.choice([0, -1, 3, 100_001, 1 << 40])
        return json.dumps(case).encode()

    def by_whole_documents(self, text):
        return self.random.choice([b'', b' ', b'null', b'[]', b'{}', b'"x"', b'1', b'{"mxcheck": 1}', b'[' * DEEP,
                                   b'{"a":' * DEEP, b'\xef\xbb\xbf{}', b'"' * 1001, text + text, b'\n' * 100_000 + text,
                                   b'[' + b'0,' * 1_100_000 + b'0]', text + b' ' * (25 << 20), b'/* c */' + text])


class Result:
    def __init__(self, code, seconds, megabytes, output):
        self.code, self.seconds, self.megabytes, self.output = code, seconds, megabytes, output


def limited_run(command, folder):
    """Runs a command; its exit code (negative: a signal), its time and its largest resident memory."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        environment = {k: v for k, v in os.environ.items() if not k.startswith('MXCHECK_')}
        child = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=folder,
                                 env=environment)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid or time.monotonic() - start > HUNG:
                break
            time.sleep(0.002)
        if not pid:
            child.kill()
            pid, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        # On a busy machine a process waits for its turn: what it computed itself is counted.
        elapsed = time.monotonic() - start
        seconds = elapsed if child.returncode == -9 else min(elapsed, usage.ru_utime + usage.ru_stime)
        output.seek(0)
        return Result(child.returncode, seconds, usage.ru_maxrss / 1024, output.read().decode(errors='replace'))


def complaints(binary, folder, data, commands=COMMANDS):
    """What is wrong with what the commands do with these bytes: a list of texts."""
    file = pathlib.Path(folder) / 'case.json'
    file.write_bytes(data)
    out = []
    codes = {}
    for words in commands:
        result = limited_run([binary, words[0], 'case.json', *words[1:]], folder)
        name = ' '.join(words)
        codes[name] = result.code
        tail = result.output[-300:]
        if result.code < 0 or result.code in (2, 3) or 'ERROR: AddressSanitizer' in result.output:
            out.append(f'{name}: exit {result.code}: {tail}')
        if result.seconds > SECONDS:
            out.append(f'{name}: {result.seconds:.1f} s')
        if result.megabytes > MEGABYTES:
            out.append(f'{name}: {result.megabytes:.0f} MB')
        if words[0] in ('run', 'lint') and result.code == 4 and not PLACE.search(result.output):
            out.append(f'{name}: refused without a place: {tail}')
    if codes['lint'] != 4 and codes.get('run') == 4:
        out.append('lint accepts, run refuses')
    return out


def hunt(binary, count, seed):
    mutator = Mutator(seed)
    lock = threading.Lock()

    def one(number):
        with lock:
            kind, data = mutator.make(number)
        with tempfile.TemporaryDirectory(prefix='mxcheck_mutated_') as folder:
            found = complaints(binary, folder, data)
        return number, (kind, data if found else b''), found
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, made, found in pool.map(one, range(count)):
            if found:
                yield number, made, found


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    bad = 0
    for number, (kind, data), found in hunt(binary, count, seed):
        bad += 1
        pathlib.Path(f'mutated_{number}.json').write_bytes(data)
        print(f'{number} {kind}: ' + '; '.join(found), flush=True)
    print(f'{count} files, {bad} broke something')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
