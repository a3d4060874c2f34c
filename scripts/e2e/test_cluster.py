"""Several processes: the recipes of docs/cluster.md, mpirun on one host, ranks and cases that die.

What needs MPI is skipped where `mxcheck-mpi` was not built or there is no mpirun.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from support import BINARY, REPOSITORY, ToolTest, dense, last_line
from test_merge import tiny, without_times

COURIER = pathlib.Path(BINARY).resolve().with_name('mxcheck-mpi')
MPI = COURIER.exists() and shutil.which('mpirun')
PATIENCE = 120  # seconds: nothing here takes as long, on any machine


def recipe(name):
    """The commands of docs/cluster.md under a marker."""
    text = (REPOSITORY / 'docs/cluster.md').read_text('utf-8')
    return re.search(r'<!-- test: %s -->\n```sh\n(.*?)```' % name, text, re.S)[1]


def environment(**more):
    """Without what a test runner or an outer MPI left; mxcheck found by its name."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(('MXCHECK_', 'GTEST_', 'TEST_', 'OMPI_', 'PMI', 'SLURM_'))}
    env.update({'PATH': f'{pathlib.Path(BINARY).resolve().parent}:{env["PATH"]}',
                'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
                'OMPI_MCA_rmaps_base_oversubscribe': '1', 'OMPI_MCA_hwloc_base_binding_policy': 'none'})
    env.update(more)
    return env


class Several(ToolTest):
    def text(self, name):
        return (self.folder / name).read_text('utf-8')

    def shell(self, script, code=0, **variables):
        result = subprocess.run(['bash', '-euc', script], cwd=self.folder, capture_output=True,
                                text=True, env=environment(**variables), timeout=PATIENCE)
        self.assertEqual(result.returncode, code, result.stdout[-2000:] + result.stderr[-2000:])
        return result

    def many(self, count):
        self.write('cases/many.json', tiny(range(1, count + 1)))
        self.tool('run', '--report', 'json=one.json', code=0)
        return without_times(self.text('one.json'))


class Recipes(Several):
    @unittest.skipUnless(shutil.which('parallel'), 'no GNU parallel')
    def test_gnu_parallel(self):
        one = self.many(40)
        self.shell(recipe('parallel'))
        self.assertEqual(without_times(self.text('report.json')), one)
        self.assertIn('<testsuite', self.text('junit.xml'))

    def test_slurm_array(self):
        one = self.many(40)
        for task in range(4):
            self.shell(recipe('slurm'), SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_COUNT='4',
                       SLURM_CPUS_PER_TASK='2')
        self.shell('mxcheck merge shard?.json -o report.json')
        self.assertEqual(without_times(self.text('report.json')), one)


class WithoutMpi(Several):
    def test_ranks_that_cannot_find_each_other_are_refused(self):
        self.write('cases/many.json', tiny([1]))
        alone = shutil.copy(BINARY, self.folder / 'mxcheck')
        for variables, reason in (({'OMPI_COMM_WORLD_SIZE': '4', 'OMPI_COMM_WORLD_RANK': '2'},
                                   'no mxcheck-mpi'),
                                  ({'PMI_SIZE': '4', 'PMI_RANK': '0'}, 'not OpenMPI')):
            result = subprocess.run([alone, 'run'], cwd=self.folder, capture_output=True, text=True,
                                    env=environment(**variables), timeout=PATIENCE)
            self.assertEqual(result.returncode, 4)
            self.assertIn(reason, result.stderr)
            self.assertEqual(result.stdout, '')
        # One rank is a process like any other.
        result = subprocess.run([alone, 'run'], cwd=self.folder, capture_output=True, text=True,
                                env=environment(OMPI_COMM_WORLD_SIZE='1', OMPI_COMM_WORLD_RANK='0'),
                                timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)


    def rank(self, number, *arguments, launcher='OMPI_COMM_WORLD', code=0):
        """One of four processes that a launcher started."""
        result = subprocess.run([BINARY, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                                env=environment(**{f'{launcher}_SIZE': '4', f'{launcher}_RANK': str(number)}),
                                timeout=PATIENCE)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def test_what_only_tells_something_is_told_once(self):
        self.write('cases/many.json', tiny([1, 2]))
        for words in (['list'], ['list', '--json', 'cases'], ['show', 'many/S=1'], ['info'], ['explain', 'DOT-1'],
                      ['help'], ['completion', 'bash'], ['--help'], ['--version'], ['bless', '--help'],
                      ['conform', '-h']):
            alone = self.tool(*words, code=0)
            for launcher in ('OMPI_COMM_WORLD', 'PMI'):
                self.assertEqual(self.rank(0, *words, launcher=launcher).stdout, alone.stdout, words)
                self.assertEqual(self.rank(3, *words, launcher=launcher).stdout, '', words)

    def test_what_would_be_done_several_times_is_refused(self):
        path = self.write('cases/many.json', tiny([1, 2]))
        before = path.read_bytes()
        for words in (['bless', 'cases'], ['lint', 'cases'], ['merge', 'r.json', '-o', 'all.json'], ['new', 'a'],
                      ['conform', '--device', REPOSITORY / 'cases/devices/reference_process.json', '-o', 'bundle']):
            for number in (0, 3):
                for launcher in ('OMPI_COMM_WORLD', 'PMI'):
                    result = self.rank(number, *words, launcher=launcher, code=4)
                    self.assertIn(f'mxcheck {words[0]} is for one process, and MPI started 4', result.stderr)
                    self.assertEqual(result.stdout, '')
        self.assertIn('--shard-index, --shard-count', result.stderr)
        self.assertEqual((sorted(p.name for p in self.folder.rglob('*')), path.read_bytes()),
                         (['cases', 'many.json'], before))

    def test_a_process_that_is_given_a_shard_takes_it(self):
        self.write('cases/many.json', tiny(range(1, 13)))
        device = REPOSITORY / 'cases/devices/reference_process.json'
        for number in range(4):
            shard = ['--shard-index', number, '--shard-count', 4]
            listed = self.tool('list', *shard)
            self.assertEqual(self.rank(number, 'list', *shard, code=listed.returncode).stdout, listed.stdout)
            self.rank(number, 'conform', '--device', device, *shard, '--report', f'json=r{number}.json')
        self.tool('merge', *(f'r{number}.json' for number in range(4)), '-o', 'all.json', code=0)
        self.tool('conform', '--device', device, '--report', 'json=one.json', code=0)
        self.assertEqual(without_times(self.text('all.json')), without_times(self.text('one.json')))


def children(pid):
    out = []
    for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            out.append(int(stat.parent.name))
    return sorted(out)


def is_courier(pid):
    return b'mxcheck-mpi' in pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')[0]


class Job:
    """mpirun with a run, and the processes of its ranks."""

    def __init__(self, folder, ranks, *options, recovery=False):
        words = ['mpirun', *(['--mca', 'orte_enable_recovery', '1'] if recovery else []), '-n', str(ranks),
                 BINARY, 'run', '-v', '--report', 'json=r.json', *options]
        self.process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE, env=environment())
        self.first = self.process.stdout.readline()  # the first result

    def rank(self, number):
        for pid in children(self.process.pid):
            words = pathlib.Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
            if f'OMPI_COMM_WORLD_RANK={number}'.encode() in words:
                return pid
        raise AssertionError(f'no rank {number}')

    def keeper(self, number):
        return next(pid for pid in children(self.rank(number)) if not is_courier(pid))

    def computing(self, number):
        """The process of a rank that computes now."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for pid in children(self.keeper(number)):
                return pid
        raise AssertionError(f'rank {number} computes nothing')

    def hold(self, ranks):
        """Nobody finishes a case until release()."""
        self.held = [self.computing(rank) for rank in ranks]
        for pid in self.held:
            os.kill(pid, signal.SIGSTOP)

    def release(self):
        for pid in self.held:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def end(self):
        out, error = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, self.first + out, error


@unittest.skipUnless(MPI, 'no mxcheck-mpi, or no mpirun')
class Mpi(Several):
    def test_the_recipe_gives_the_report_of_one_process(self):
        self.write('cases/bad/refused.json', dense(nodes=[], expect={'error': 'CASE-VALUE'}))
        self.write_blessed('cases/golden/dense.json', dense())
        one = self.many(60)
        result = self.shell(recipe('mpi'))
        self.assertEqual(without_times(self.text('report.json')), one)
        alone = self.tool('run', code=0)
        self.assertEqual(last_line(result.stdout), last_line(alone.stdout))
        self.assertEqual(result.stderr, '')
        self.shell(recipe('mpi recovery'))
        self.assertEqual(without_times(self.text('checked.json')), one)

    def test_the_recipe_for_shards_of_conform(self):
        self.write('cases/edge/many.json', tiny(range(1, 9)))
        (self.folder / 'cases/devices').symlink_to(REPOSITORY / 'cases/devices')
        self.shell(recipe('mpi shards'))
        self.assertEqual(json.loads(self.text('report.json'))['totals'], {'passed': 8, 'failed': 0, 'skipped': 0})

    def test_failures_dumps_and_exit_codes(self):
        self.write('cases/a.json', dense(expect={'error': 'RULE-UNUSED'}))
        self.write('cases/b.json', dense())
        self.write('cases/c.json', dense(rules=[{'module_path': '[', 'weight_qtype': 's8'}]))
        def same(*options, code):
            alone = self.tool('run', *options, '--report', 'json=a.json', '--dump', 'a.safetensors',
                              code=code)
            command = ' '.join(map(str, options))
            result = self.shell(f'mpirun -n 3 mxcheck run {command} --report json=b.json --dump b.safetensors',
                                code=code)
            self.assertEqual(without_times(self.text('a.json')), without_times(self.text('b.json')))
            self.assertEqual((self.folder / 'a.safetensors').read_bytes(),
                             (self.folder / 'b.safetensors').read_bytes())
            times = r'\d+(\.\d+)? m?s'
            self.assertEqual(re.sub(times, '', alone.stdout), re.sub(times, '', result.stdout))
        same(code=4)
        same('--id', 'b', '--isa', 'scalar', '--timeout', '100', code=0)
        # OpenMPI takes seconds to end a job with an exit code: few of these.
        self.shell('mpirun -n 3 mxcheck run -k no_such', code=5)
        self.assertIn('for one process', self.shell('mpirun -n 3 mxcheck run -j 2', code=4).stderr)
        alone = self.tool('list', '--json', code=4)
        result = self.shell('mpirun -n 3 mxcheck list --json', code=4)
        self.assertEqual(result.stdout, alone.stdout)
        text = self.shell('mpirun -n 3 mxcheck run --help').stdout
        self.assertEqual(text.count('usage: mxcheck run'), 1)

    def test_a_process_that_is_killed_costs_its_case_another_try(self):
        one = self.many(400)
        job = Job(self.folder, 4)
        for rank in range(4):
            os.kill(job.computing(rank), signal.SIGKILL)
        code, out, error = job.end()
        self.assertEqual(code, 0, error)
        self.assertEqual(without_times(self.text('r.json')), one)

    def test_a_rank_that_is_killed_costs_nothing(self):
        one = self.many(400)
        job = Job(self.folder, 4, recovery=True)
        job.hold([0, 1, 2, 3])
        os.kill(job.rank(2), signal.SIGKILL)
        job.release()
        code, out, error = job.end()
        self.assertEqual(without_times(self.text('r.json')), one)
        self.assertIn('rank 2 on', error)
        self.assertEqual(last_line(out), '400 passed, 0 failed, 0 skipped')
        self.tool('merge', 'r.json', '-o', 'checked.json', code=0)

    def test_rank_0_finishes_without_anybody(self):
        one = self.many(200)
        job = Job(self.folder, 3, recovery=True)
        job.hold([0, 1, 2])
        for pid in (job.rank(1), job.rank(2), job.keeper(0)):
            os.kill(pid, signal.SIGKILL)
        job.release()
        code, out, error = job.end()
        self.assertEqual(without_times(self.text('r.json')), one)
        for rank in range(3):
            self.assertIn(f'rank {rank} ', error)

    def test_without_rank_0_the_others_end(self):
        self.many(200)
        job = Job(self.folder, 3, recovery=True)
        job.hold([0, 1, 2])
        ranks = [job.rank(1), job.rank(2)]
        os.kill(job.rank(0), signal.SIGKILL)
        job.release()
        job.end()
        self.assertEqual([pid for pid in ranks if pathlib.Path(f'/proc/{pid}').exists()], [])
        self.assertFalse((self.folder / 'r.json').exists())

    def test_an_interrupted_run_writes_what_it_has(self):
        self.many(400)
        job = Job(self.folder, 3)
        job.hold([0, 1, 2])
        os.kill(job.rank(0), signal.SIGTERM)
        code, out, error = job.end()
        self.assertEqual(code, 2, error)
        self.assertEqual(json.loads(self.text('r.json'))['incomplete'], True)

    def test_a_rank_with_other_cases_computes_nothing(self):
        one = self.many(60)
        shutil.copytree(self.folder / 'cases', self.folder / 'elsewhere/cases')
        self.write('elsewhere/cases/more.json', tiny([7]))
        result = self.shell('mpirun -n 1 mxcheck run cases --report json=r.json : '
                            '-n 1 --wdir elsewhere mxcheck run cases')
        self.assertEqual(without_times(self.text('r.json')), one)
        self.assertIn('its selected_cases is 61, here it is 60', result.stderr)


if __name__ == '__main__':
    unittest.main()
