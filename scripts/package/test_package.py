#!/usr/bin/env python3
"""Installs the built release as a user would, in three ways, and uses what is there.

    test_package.py [BUILD]        BUILD: a built release, default build/release

A prefix that was moved after the installation; the Debian packages unpacked in an empty root and installed there by
dpkg; the source package. Ends with "N passed, N failed, N skipped"; exit code 77 where packages cannot be made here.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / 'build/release').resolve()
# What the consumer prints; the bits are those of the case, whatever the machine.
CONSUMER_SAYS = '''dense PASS
  golden isolated: PASS, 1 tensors
  golden end_to_end: PASS, 1 tensors
'''


def run(*command, code=0, env=None, cwd=None):
    words = [str(word) for word in command]
    environment = {k: v for k, v in os.environ.items() if k not in ('LD_LIBRARY_PATH', 'PYTHONPATH')}
    environment.update({k: str(v) for k, v in (env or {}).items()})
    done = subprocess.run(words, text=True, capture_output=True, env=environment, cwd=cwd, timeout=300)
    if done.returncode != code:
        raise AssertionError(f'{" ".join(words)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}')
    return done.stdout


class Prefix(unittest.TestCase):
    """cmake --install, then the prefix is moved: nothing in it may know where it was."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix='mxcheck_package_')
        cls.folder = pathlib.Path(cls.temporary.name)
        run('cmake', '--install', BUILD, '--prefix', cls.folder / 'first')
        cls.prefix = cls.folder / 'moved here'
        (cls.folder / 'first').rename(cls.prefix)
        cls.work = cls.folder / 'work'
        cls.work.mkdir()

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def tool(self, *arguments, code=0):
        return run(self.prefix / 'bin/mxcheck', *arguments, code=code, cwd=self.work)

    def test_the_program_runs_the_installed_suite(self):
        self.assertEqual(self.tool('--version'), run(BUILD / 'bin/mxcheck', '--version'))
        share = self.prefix / 'share/mxcheck'
        last = self.tool('run', share / 'cases', '--tag', 'smoke', '-q').splitlines()[-1]
        self.assertRegex(last, r'^[1-9]\d+ passed, 0 failed')
        last = self.tool('conform', '--device', share / 'cases/devices/reference_process.json', share / 'cases',
                         '--id', 'qt/dense_f32_ieee').splitlines()[-1]
        self.assertEqual(last, '1 passed, 0 failed, 0 skipped')

    def test_the_manual_and_completion_are_there(self):
        page = run('man', '-l', self.prefix / 'share/man/man1/mxcheck.1', env={'MANWIDTH': '80', 'MANPAGER': 'cat'})
        self.assertRegex(page, r'NAME\s+mxcheck\s+-\s+bit-exact')
        for command in re.findall(r'^  (\w+)  +\S', self.tool('--help').split('commands:')[1], re.M)[:5]:
            self.assertRegex(page, rf'(?m)^ +{command}$')
        run('bash', '-n', self.prefix / 'share/bash-completion/completions/mxcheck')
        self.assertTrue((self.prefix / 'share/zsh/site-functions/_mxcheck').read_text().startswith('#compdef mxcheck'))

    def test_no_file_knows_where_it_was_built_or_installed(self):
        for path in self.prefix.rglob('*'):
            if not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes()
            if data.startswith(b'\x7fELF'):  # may name source files in messages, and must not look for anything there
                searched = re.findall(r'(?:RUNPATH|RPATH) +(\S+)', run('objdump', '-p', path))
                self.assertFalse([place for place in searched if not place.startswith('$ORIGIN')], path)
                continue
            for place in (ROOT, self.folder / 'first'):
                self.assertNotIn(str(place).encode() + b'/', data, path)

    def consumer_says(self, program, **env):
        said = run(program, cwd=self.work, env=env)
        self.assertTrue(said.startswith(CONSUMER_SAYS), said)
        self.assertRegex(said, r'(?m)^  codes of x: 1 -128\n')
        self.assertRegex(said, r'(?m)^product PASS: -638, its sums need \d+ bits\n')
        self.assertRegex(said, r'(?m)^refused: line 1, \[CASE-KEY\] ')

    def test_a_cmake_project_finds_and_uses_it(self):
        build = self.folder / 'consumer'
        said = run('cmake', '-S', HERE / 'consumer', '-B', build, f'-DCMAKE_PREFIX_PATH={self.prefix}')
        self.assertIn(f'cases: {self.prefix}/share/mxcheck/cases', said)
        run('cmake', '--build', build)
        self.consumer_says(build / 'consumer')
        # The next minor version is another interface.
        project = self.folder / 'too_new'
        shutil.copytree(HERE / 'consumer', project)
        text = (project / 'CMakeLists.txt').read_text()
        major, minor = re.search(r'find_package\(mxcheck (\d+)\.(\d+)', text).groups()
        newer = text.replace(f'mxcheck {major}.{minor} ', f'mxcheck {major}.{int(minor) + 1} ')
        self.assertNotEqual(newer, text)
        (project / 'CMakeLists.txt').write_text(newer)
        run('cmake', '-S', project, '-B', self.folder / 'refused', f'-DCMAKE_PREFIX_PATH={self.prefix}', code=1)

    def test_pkg_config_is_enough_for_a_compiler(self):
        env = {'PKG_CONFIG_PATH': self.prefix / 'lib/pkgconfig'}
        version = run('pkg-config', '--modversion', 'mxcheck', env=env).strip()
        self.assertIn(f'mxcheck {version} ', self.tool('--version'))
        program = self.folder / 'plain'
        command = (f'g++ -std=c++17 -Wall -Wextra -Werror -pedantic {HERE / "consumer/main.cpp"} '
                   f'$(pkg-config --cflags --libs mxcheck) -o {program}')
        # pkg-config writes a blank of the prefix as the shell wants it.
        run('bash', '-c', 'eval "' + command.replace('"', '\\"') + '"', env=env)
        self.consumer_says(program, LD_LIBRARY_PATH=self.prefix / 'lib')

    def test_the_device_header_is_c_and_the_example_compiles(self):
        run('gcc', '-std=c11', '-Wall', '-Werror', '-shared', '-fPIC', '-I', self.prefix / 'include/mxcheck',
            self.prefix / 'share/mxcheck/sim/device/examples/reference_device.c', '-lm', '-o', self.folder / 'device.so')

    def test_the_library_shows_its_own_functions_only(self):
        library = self.prefix / 'lib/libmxcheck.so'
        names = run('nm', '-DC', '--defined-only', library).splitlines()
        names = [line.split(' ', 2)[2] for line in names if ' A ' not in line]
        self.assertGreaterEqual(len(names), 8)
        for one in names:
            self.assertRegex(one, r'^mxcheck::[a-z_]+(\[abi:cxx11\])?\(')
        needed = re.findall(r'NEEDED +(\S+)', run('objdump', '-p', library))
        self.assertFalse([n for n in needed if 'program_options' in n], needed)

    def test_the_python_package_works_from_the_prefix(self):
        packages = self.prefix / 'lib/python3/dist-packages'
        if not packages.exists():
            self.skipTest('the Python package is not built')
        said = run('/usr/bin/python3', '-c', 'import mxcheck; print(mxcheck.__file__, mxcheck.__version__)',
                   env={'PYTHONPATH': packages}, cwd=self.work)
        self.assertTrue(said.startswith(str(packages)), said)


class Debian(unittest.TestCase):
    """The packages in an empty root, where dpkg installs them after a look at what they depend on (as root; unpacked
    otherwise)."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix='mxcheck_deb_')
        cls.folder = pathlib.Path(cls.temporary.name)
        run('cpack', '-G', 'DEB', '-B', cls.folder / 'out', '--config', BUILD / 'CPackConfig.cmake', cwd=cls.folder)
        cls.packages = sorted((cls.folder / 'out').glob('*.deb'))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def field(self, package, name):
        return run('dpkg-deb', '-f', package, name).strip()

    def package(self, name):
        found = [p for p in self.packages if self.field(p, 'Package') == name]
        if not found and name == 'python3-mxcheck':
            self.skipTest('the Python package is not built')
        self.assertEqual(len(found), 1, self.packages)
        return found[0]

    def test_what_the_package_says_of_itself(self):
        package = self.package('mxcheck')
        self.assertRegex(package.name, r'^mxcheck_\d+\.\d+\.\d+_\w+\.deb$')
        depends = self.field(package, 'Depends')
        for needed in ('libc6', 'libstdc++6', 'libfmt9', 'libboost-program-options1.74.0', 'libboost-regex1.74.0'):
            self.assertIn(needed, depends)
        self.assertIn('conformance suite', self.field(package, 'Description'))
        self.assertTrue(self.field(package, 'Maintainer'))
        listed = run('dpkg-deb', '-c', package)
        for path in ('usr/bin/mxcheck', 'usr/share/man/man1/mxcheck.1', 'usr/share/doc/mxcheck/copyright',
                     'usr/include/mxcheck/mxcheck.h', 'usr/share/mxcheck/cases/qt/dense_f32_ieee.json'):
            self.assertRegex(listed, rf'(?m) \./{re.escape(path)}$')
        self.assertNotRegex(listed, r'dist-packages')
        for line in listed.splitlines():
            self.assertRegex(line, r' root/root ')

    def install(self, root):
        for folder in ('info', 'updates', 'triggers'):
            (root / 'var/lib/dpkg' / folder).mkdir(parents=True)
        # What is installed here stands for what the packages depend on.
        (root / 'var/lib/dpkg/status').write_text(pathlib.Path('/var/lib/dpkg/status').read_text())
        (root / 'var/lib/dpkg/available').write_text('')
        # There is no shell in that root: the script that calls ldconfig runs in this one.
        run('dpkg', f'--root={root}', '--force-script-chrootless', '--no-triggers', '--log=/dev/null', '-i',
            *self.packages)
        self.assertEqual(run('dpkg-query', f'--admindir={root}/var/lib/dpkg', '-W', '-f', '${Status}', 'mxcheck'),
                         'install ok installed')

    def test_it_runs_from_an_empty_root_and_dpkg_takes_it(self):
        root = self.folder / 'root'
        if os.geteuid() == 0:
            self.install(root)
        else:
            for package in self.packages:
                run('dpkg-deb', '-x', package, root)
        binary = root / 'usr/bin/mxcheck'
        self.assertEqual(run(binary, '--version'), run(BUILD / 'bin/mxcheck', '--version'))
        said = run(binary, 'run', root / 'usr/share/mxcheck/cases/qt/dense_f32_ieee.json', cwd=self.folder)
        self.assertTrue(said.endswith('1 passed, 0 failed, 0 skipped\n'), said)
        self.assertIn('mxcheck', run('man', '-l', root / 'usr/share/man/man1/mxcheck.1'))
        python = root / 'usr/lib/python3/dist-packages'
        if python.exists():
            said = run('/usr/bin/python3', '-c', 'import mxcheck as m\n'
                       f'print(m.run("{root}/usr/share/mxcheck/cases/qt/dense_f32_ieee.json").passed)',
                       env={'PYTHONPATH': python}, cwd=self.folder)
            self.assertEqual(said, '1\n')

    def test_the_python_package_needs_this_version_of_the_other(self):
        package = self.package('python3-mxcheck')
        version = self.field(package, 'Version')
        depends = self.field(package, 'Depends')
        self.assertIn(f'mxcheck (= {version})', depends)
        self.assertIn('python3-numpy', depends)


class Source(unittest.TestCase):
    """git archive: the commit goes with the sources."""

    def commit_of(self, folder):
        with tempfile.TemporaryDirectory() as out:
            header = pathlib.Path(out) / 'commit.h'
            run('cmake', f'-DSOURCE={folder}', f'-DOUTPUT={header}', '-P', folder / 'sim/build/commit.cmake')
            return re.search('"(.*)"', header.read_text())[1]

    def test_a_source_package_knows_its_commit_wherever_it_is_unpacked(self):
        if not (ROOT / '.git').exists():
            self.skipTest('the sources are no clone')
        head = run('git', '-C', ROOT, 'rev-parse', '--short=12', 'HEAD').strip()
        with tempfile.TemporaryDirectory(prefix='mxcheck_source_') as folder:
            folder = pathlib.Path(folder)
            run('git', '-C', ROOT, 'archive', '--prefix=mxcheck/', '-o', folder / 'mxcheck.tar.gz', 'HEAD')
            run('tar', 'xf', folder / 'mxcheck.tar.gz', '-C', folder)
            self.assertEqual(self.commit_of(folder / 'mxcheck'), head)
            # Inside another repository it is still its own.
            run('git', 'init', '-q', folder)
            run('git', '-C', folder, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-q', '--allow-empty',
                '-m', 'x')
            self.assertEqual(self.commit_of(folder / 'mxcheck'), head)
            # A copy of the sources that is no package says so.
            (folder / 'mxcheck/sim/build/source_commit.txt').write_text('$Format:%H$\n')
            self.assertEqual(self.commit_of(folder / 'mxcheck'), 'unknown')
        self.assertIn(self.commit_of(ROOT), (head, head + '+changes'))


def main():
    missing = [tool for tool in ('cpack', 'dpkg-deb', 'dpkg-shlibdeps', 'pkg-config', 'man', 'file')
               if shutil.which(tool) is None]
    if missing:
        print('left out: packages cannot be made without ' + ', '.join(missing))
        return 77
    result = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    bad = len({test.id() for test, _ in result.failures + result.errors})
    print(f'{max(0, result.testsRun - bad - len(result.skipped))} passed, {bad} failed, {len(result.skipped)} skipped')
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
