"""kill -9 at any moment leaves whole files, or none, under their final names, and what was there before is there still
or made anew by the same command.

Each command is killed at random points (fixed seed) spread over its measured length; reports also in the middle of a
write, which a random moment seldom hits: the kernel kills a process whose file grows beyond its limit. Every point is
checked: all files parse whole, earlier results are still there, and the command and its readers work afterwards as if
nothing had happened.
"""
import hashlib
import itertools
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

from support import BINARY, REPOSITORY, ToolTest, dense, last_line, read_safetensors

LEFTOVER = re.compile(r'\.[0-9A-Za-z]{6}$')


class Killed(ToolTest):
    environment = {}

    def setUp(self):
        super().setUp()
        self.words = random.Random(10)

    def whole_time(self, arguments, prepare, code):
        """The longest of three runs to the end."""
        times = []
        for point in range(3):
            prepare(point)
            start = time.perf_counter()
            self.tool(*arguments, code=code, environment=self.environment)
            times.append(time.perf_counter() - start)
        return max(times)

    def killed_at(self, points, arguments, prepare, code=0):
        """Yields after each kill; the moments are spread evenly over the length of the command."""
        whole = self.whole_time(arguments, prepare, code)
        for point in range(points):
            prepare(point)
            moment = whole * (point + self.words.random()) / points
            process = self.start(arguments)
            time.sleep(moment)
            process.kill()
            process.wait()
            yield point

    def killed_in_a_write(self, points, arguments, prepare, largest):
        """Yields after each kill: of a write beyond a size below `largest`, small ones as likely as large ones."""
        for point in range(points):
            prepare(point)
            limit = int(largest ** ((point + self.words.random()) / points))
            process = self.start(arguments, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            self.assertEqual(process.wait(), -signal.SIGXFSZ)
            yield point

    def start(self, arguments, before=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith('MXCHECK_')}
        environment.update(self.environment)
        return subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                cwd=self.folder, env=environment, preexec_fn=before)

    def final_files(self, folder='.'):
        """Everything a reader may take for a result."""
        return [p for p in sorted((self.folder / folder).rglob('*'))
                if p.is_file() and not any(LEFTOVER.search(part) for part in p.relative_to(self.folder).parts)]

    def check_whole(self, path):
        """A file of a known kind is complete."""
        data = path.read_bytes()
        if path.suffix in ('.json', '.sarif') and data.startswith(b'mxcheck-cache'):
            head, _, body = data.partition(b'\n')
            self.assertEqual(head.decode().split()[2], hashlib.sha256(body).hexdigest(), path)
        elif path.suffix in ('.json', '.sarif'):
            json.loads(data)
        elif path.suffix == '.xml':
            xml.etree.ElementTree.fromstring(data)
        elif path.suffix == '.html':
            self.assertTrue(data.rstrip().endswith(b'</html>'), path)
        elif path.suffix == '.safetensors':
            values = read_safetensors(path)
            self.assertTrue(values)
            size = int.from_bytes(data[:8], 'little')
            ends = [v['data_offsets'][1] for n, v in json.loads(data[8:8 + size]).items() if n != '__metadata__']
            self.assertEqual(len(data), 8 + size + max(ends), path)
        else:
            self.assertTrue(data.endswith(b'\n'), path)


class Run(Killed):
    def test_run_with_every_output(self):
        for i in range(12):
            self.write_blessed(f'cases/{i:02}.json', dense(inputs={'x': {'random': 'normal', 'seed': i, 'shape': [4, 16]}}))
        outputs = {'json': 'out/r.json', 'junit': 'out/r.xml', 'html': 'out/r.html', 'sarif': 'out/r.sarif'}
        arguments = ['run', 'cases', '-j', '2', '--cache', 'cache']
        for kind, file in outputs.items():
            arguments += ['--report', f'{kind}={file}']
        (self.folder / 'out').mkdir()
        self.tool(*arguments, code=0)
        cached = 0
        largest = max(p.stat().st_size for p in self.final_files('out'))
        def prepare(_):
            shutil.rmtree(self.folder / 'cache', ignore_errors=True)
        for _ in itertools.chain(self.killed_at(20, arguments, prepare),
                                 self.killed_in_a_write(10, arguments, prepare, largest)):
            for path in self.final_files():
                self.check_whole(path)
            # The report of an earlier run is there still, or the new one, which says the same.
            self.assertEqual({p.name for p in self.final_files('out')}, {pathlib.Path(f).name for f in outputs.values()})
            again = self.tool(*arguments, '--resume', 'out/r.json', code=0)
            self.assertIn('12 of 12 results are those of out/r.json', again.stdout)
            again = self.tool('run', 'cases', '--cache', 'cache', '--report', 'json=again.json', code=0)
            self.assertEqual(again.stderr, '')
            cached += any('cached: the result of an earlier run' in c['notes'] for c in json.loads((self.folder / 'again.json').read_text())['cases'])
        self.assertGreater(cached, 0)

    def test_run_with_values_and_failures_to_remember(self):
        for i in range(6):
            self.write(f'cases/{i:02}.json', dense(**({'expect': {'error': 'RULE-UNUSED'}} if i % 2 else {})))
        self.environment = {'XDG_CACHE_HOME': str(self.folder / 'home')}
        arguments = ['run', 'cases', '--dump', 'd.safetensors']
        for _ in self.killed_at(10, arguments, lambda _: None, code=1):
            for path in self.final_files():
                self.check_whole(path)
            self.assertTrue((self.folder / 'd.safetensors').exists())
            again = self.tool('run', 'cases', '--rerun-failed', environment=self.environment, code=1)
            self.assertEqual(last_line(again.stdout), '0 passed, 3 failed, 0 skipped')


class Merge(Killed):
    # Small ones first: a write that is cut short finds some of them done.
    OUTPUTS = {'junit': 'out/r.xml', 'sarif': 'out/r.sarif', 'json': 'out/r.json', 'html': 'out/r.html'}

    def merging(self, name):
        return ['merge', *(f'{name}{i}.json' for i in range(2)),
                *(word for kind, file in self.OUTPUTS.items() for word in ('--report', f'{kind}={file}'))]

    def outputs(self):
        return {p.name: p.read_bytes() for p in self.final_files('out')}

    def joined(self, name, seed):
        """The reports of the shards of a run, and what joining them writes."""
        for i in range(12):
            self.write(f'cases/{i:02}.json', dense(inputs={'x': {'random': 'normal', 'seed': 100 * seed + i,
                                                                 'shape': [4, 16]}}))
        self.write(f'cases/{name}.json', dense(expect={'error': 'RULE-UNUSED'}))
        for i in range(2):
            self.tool('run', '-q', '--shard-index', i, '--shard-count', 2, '--report', f'json={name}{i}.json')
        (self.folder / 'out').mkdir(exist_ok=True)
        self.tool(*self.merging(name), code=1)
        return self.outputs()

    def test_merge_over_what_it_wrote_before(self):
        after, before = self.joined('new', 1), self.joined('old', 0)
        self.assertEqual(len(before), 4)
        self.assertEqual([n for n in before if before[n] == after[n]], [])
        def prepare(_):
            for name, data in before.items():
                (self.folder / 'out' / name).write_bytes(data)
        between = 0
        killed = [self.killed_at(20, self.merging('new'), prepare, code=1),
                  self.killed_in_a_write(10, self.merging('new'), prepare, max(map(len, after.values())))]
        for _ in itertools.chain(*killed):
            found = self.outputs()
            self.assertEqual(found.keys(), before.keys())
            for name, data in found.items():
                self.check_whole(self.folder / 'out' / name)
                self.assertIn(data, (before[name], after[name]), name)
            between += found not in (before, after)
            self.tool(*self.merging('new'), code=1)
            self.assertEqual(self.outputs(), after)
        self.assertGreater(between, 0)


class Bless(Killed):
    """Golden, SHA256SUMS and PROVENANCE.json are three files; a kill may come between them."""
    NAMES = [f'{i}.safetensors' for i in range(3)]

    def cases(self, seed):
        for i in range(3):
            case = dense(inputs={'x': {'random': 'normal', 'seed': 10 * seed + i, 'shape': [4, 16]}})
            if (self.folder / f'cases/{i}.safetensors').exists():
                case['expect'] = {'golden': f'{i}.safetensors'}
            self.write(f'cases/{i}.json', case)

    def prepare(self, point):
        """In turn: nothing is recorded, or other values are."""
        if point % 2 == 0:
            shutil.rmtree(self.folder / 'cases', ignore_errors=True)
            self.cases(0)
        else:
            self.tool('bless', 'cases', '-q', code=0)
            self.cases(point)
        self.before = {name: self.digest(name) for name in self.NAMES}
        self.known = self.entries()

    def digest(self, name):
        path = self.folder / 'cases' / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None

    def checksums(self):
        """name -> what SHA256SUMS says of it"""
        path, out = self.folder / 'cases/SHA256SUMS', {}
        for line in path.read_text().splitlines() if path.exists() else []:
            digest, _, name = line.partition('  ')
            out.setdefault(name, []).append(digest)
        return out

    def entries(self):
        """name -> what PROVENANCE.json says of it, the newest first"""
        path, out = self.folder / 'cases/PROVENANCE.json', {}
        for name, entry in json.loads(path.read_text())['files'].items() if path.exists() else []:
            old = entry.pop('replaces', None)
            out[name] = [entry, old] if old else [entry]
        return out

    def killed(self, arguments):
        """Kills at random moments, in writes, and as soon as a random number of files have changed."""
        yield from self.killed_at(20, arguments, self.prepare)
        yield from self.killed_in_a_write(10, arguments, self.prepare, 4000)
        for point in range(30):
            self.prepare(point)
            wanted = self.words.randrange(1, 8)
            process = self.start(arguments)
            last, seen = self.identities(), 0
            while process.poll() is None and seen < wanted:
                now = self.identities()
                seen += sum(now[path] != last[path] for path in now)
                last = now
            process.kill()
            process.wait()
            yield point

    def identities(self):
        """Of the files bless writes: a rename changes them."""
        out = {}
        for name in [*self.NAMES, 'SHA256SUMS', 'PROVENANCE.json']:
            try:
                out[name] = os.stat(self.folder / 'cases' / name).st_ino
            except FileNotFoundError:
                out[name] = None
        return out

    def test_bless_first_and_over_earlier_values(self):
        between = 0
        for _ in self.killed(['bless', 'cases', '--reason', 'killed']):
            for path in self.final_files('cases'):
                self.check_whole(path)
            # Each golden is the old one or the new one, and the lists know it as that.
            after = {name: self.digest(name) for name in self.NAMES}
            replaced = {name for name in self.NAMES if after[name] != self.before[name]}
            checksums, entries = self.checksums(), self.entries()
            for name in self.NAMES:
                if after[name] is None:
                    continue
                self.assertIn(after[name], checksums[name])
                own = [e for e in entries[name] if e['sha256'] == after[name]]
                if name in replaced:
                    self.assertEqual([e['reason'] for e in own], ['killed'])
                else:
                    self.assertEqual(own, self.known[name])
            doubled = sum(len(digests) > 1 for digests in checksums.values())
            between += 0 < doubled and 0 < len(replaced) < 3
            run = self.tool('run', 'cases')
            self.assertIn(run.returncode, (0, 1), run.stderr)
            self.assertEqual(run.stderr.count('warning[GOLD-CHECKSUM]'),
                             doubled if json.loads((self.folder / 'cases/0.json').read_text()).get('expect') else 0)
            self.tool('bless', 'cases', '-q', '--reason', 'again', code=0)
            run = self.tool('run', 'cases', code=0)
            self.assertEqual(run.stderr, '')
            self.assertEqual(self.checksums(), {name: [self.digest(name)] for name in self.NAMES})
            self.assertEqual({name: [e['sha256'] for e in found] for name, found in self.entries().items()},
                             self.checksums())
            for name in replaced:  # what was finished is not done again
                self.assertEqual(self.digest(name), after[name])
                self.assertEqual(self.entries()[name][0]['reason'], 'killed')
        self.assertGreater(between, 0)


class Folders(Killed):
    def test_pack(self):
        path = self.write('dense.json', dense())
        remove = lambda _: shutil.rmtree(self.folder / 'pack', ignore_errors=True)
        for _ in self.killed_at(15, ['pack', path, '-o', 'pack'], remove):
            if (self.folder / 'pack').exists():
                result = self.tool('verify', 'pack', code=1)
                self.assertIn('0 passed, 3 failed, 0 skipped', result.stdout)  # whole, and not filled yet
                self.assertIn('exists already', self.tool('pack', path, '-o', 'pack', code=4).stderr)
            else:
                self.tool('pack', path, '-o', 'pack', code=0)

    def test_conform(self):
        self.write('cases/dense.json', dense())
        device = REPOSITORY / 'cases/devices/reference_process.json'
        remove = lambda _: shutil.rmtree(self.folder / 'bundle', ignore_errors=True)
        arguments = ['conform', '--device', device, 'cases', '-o', 'bundle']
        for _ in self.killed_at(15, arguments, remove):
            if (self.folder / 'bundle').exists():
                self.tool('verify', '--bundle', 'bundle', code=0)
            else:
                self.tool(*arguments, code=0)
                self.tool('verify', '--bundle', 'bundle', code=0)
