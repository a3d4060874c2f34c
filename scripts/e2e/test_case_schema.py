"""cases/schema/case.schema.json and the reader cannot disagree: the schema is what the reader says,
both accept every case of the suite, and both refuse each of a list of wrong files."""
import copy
import json
import pathlib
import random
import re
import subprocess
import sys
import unittest

try:
    import jsonschema
except ImportError as missing:
    raise unittest.SkipTest('python3-jsonschema is not installed') from missing

from support import BINARY, REPOSITORY, ToolTest, dense
from wrong_cases import WRONG, wrong_case

SCHEMA = json.loads((REPOSITORY / 'cases/schema/case.schema.json').read_text(encoding='utf-8'))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
# Refused by the reader for what a schema can see. Each other case of cases/invalid is well formed.
STRUCTURE = json.loads((REPOSITORY / 'scripts/e2e/invalid_by_schema.json').read_text(encoding='utf-8'))


def suite_cases():
    for path in sorted((REPOSITORY / 'cases').rglob('*.json')):
        if {'schema', 'expectations', 'devices'} & set(path.relative_to(REPOSITORY / 'cases').parts):
            continue
        yield path.relative_to(REPOSITORY / 'cases').with_suffix('').as_posix(), path


def problem(case):
    error = jsonschema.exceptions.best_match(VALIDATOR.iter_errors(case))
    return '' if error is None else f'{error.json_path}: {error.message[:200]}'


def leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value[:4]):
            yield from leaves(item, path + (i,))


def objects_of_schema():
    """Every object with properties anywhere in the schema, by its place."""
    todo = [('', SCHEMA)]
    while todo:
        place, at = todo.pop()
        if isinstance(at, dict):
            if isinstance(at.get('properties'), dict) and at.get('type') == 'object':
                yield place, at
            todo += [(f'{place}/{key}', value) for key, value in at.items()]
        elif isinstance(at, list):
            todo += [(f'{place}/{i}', value) for i, value in enumerate(at)]


class CaseSchema(ToolTest):
    def refused_by_lint(self, folder):
        """Names of the files of a folder that lint has an error in."""
        result = self.tool('lint', folder, '--json')
        return {pathlib.Path(f['file']).stem for f in json.loads(result.stdout)['findings']
                if f['severity'] == 'error'}

    def test_the_committed_file_is_what_the_program_says(self):
        command = [sys.executable, REPOSITORY / 'scripts/case_schema.py', '--bin', BINARY]
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_changed_file_is_noticed(self):
        (self.folder / 'cases/schema').mkdir(parents=True)
        changed = json.dumps(SCHEMA, indent=1).replace('"dot_general"', '"dot_genral"', 1) + '\n'
        (self.folder / 'cases/schema/case.schema.json').write_text(changed)
        command = [sys.executable, REPOSITORY / 'scripts/case_schema.py', '--bin', BINARY, '--root', self.folder]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 1)

    def test_it_is_a_schema_and_every_key_has_a_description(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        count = 0
        for place, at in objects_of_schema():
            for key, schema in at['properties'].items():
                described = 'description' in schema or set(schema) == {'const'} or place.endswith('op_of_matrix')
                self.assertTrue(described, f'{place}: {key}')
                count += 1
        self.assertGreater(count, 200)

    def test_every_case_of_the_suite_is_accepted_and_invalid_ones_as_listed(self):
        by_schema = set()
        for name, path in suite_cases():
            error = problem(json.loads(path.read_text(encoding='utf-8')))
            if name.startswith('invalid/'):
                by_schema |= {name} if error else set()
            else:
                with self.subTest(name):
                    self.assertEqual(error, '')
        self.assertEqual(sorted(by_schema), STRUCTURE)
        self.tool('lint', REPOSITORY / 'cases', '-q', code=0)

    def test_invalid_cases_are_refused_by_lint_once_they_expect_nothing(self):
        for name, path in suite_cases():
            if name.startswith('invalid/'):
                case = json.loads(path.read_text(encoding='utf-8'))
                case.pop('expect', None)
                self.write(f'bare/{name[8:].replace("/", "_")}.json', case)
        self.assertEqual(self.refused_by_lint('bare'), {p.stem for p in (self.folder / 'bare').iterdir()})

    def test_both_refuse_each_wrong_file(self):
        self.assertGreaterEqual(len(WRONG), 150)
        self.assertEqual(problem(dense()), '')
        for i, name in enumerate(WRONG):
            case = wrong_case(name)
            self.write(f'wrong/w{i}.json', case)
            with self.subTest(name):
                self.assertNotEqual(problem(case), '', 'the schema accepts it')
        refused = self.refused_by_lint('wrong')
        for i, name in enumerate(WRONG):
            with self.subTest(name):
                self.assertIn(f'w{i}', refused, 'lint accepts it')

    def test_names_of_a_matrix_stand_for_any_value(self):
        case = dense(matrix={'N': [1]})
        for path in leaves(case):
            if not path or path[0] in ('matrix', 'mxcheck'):
                continue
            changed = copy.deepcopy(case)
            at = changed
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = '${N}'
            with self.subTest('/'.join(map(str, path))):
                self.assertEqual(problem(changed), '')

    def test_what_the_schema_refuses_lint_refuses(self):
        """Random changes of the suite's cases: the schema is never the stricter of the two."""
        generator = random.Random(20261124)
        paths = [path for name, path in suite_cases() if not name.startswith('invalid/')
                 and path.stat().st_size < 4000]
        values = [None, True, -1, 0, 1, 0.5, 300, 2**40, 1e300, '', 'x', 'relu', '0x1p3', 'nan', [], [1], [[1]], {},
                  {'fill': 1, 'shape': [1]}, 'f32', 's8']
        refused = set()
        for i in range(600):
            case = json.loads(generator.choice(paths).read_text(encoding='utf-8'))
            case.pop('expect', None)
            path = generator.choice([p for p in leaves(case) if p])
            at = case
            for step in path[:-1]:
                at = at[step]
            kind = generator.random()
            if kind < 0.6:
                at[path[-1]] = generator.choice(values)
            elif kind < 0.8 or not isinstance(at, dict):
                del at[path[-1]]
            else:
                at[path[-1] + generator.choice(['s', '_'])] = at.pop(path[-1])
            self.write(f'random/r{i}.json', case)
            if problem(case):
                refused.add(f'r{i}')
        self.assertGreater(len(refused), 100)
        stricter = refused - self.refused_by_lint('random')
        for name in sorted(stricter):
            text = (self.folder / f'random/{name}.json').read_text()
            with self.subTest(name):
                self.fail(f'{problem(json.loads(text))}\n{re.sub(chr(10) + " *", " ", text)[:1500]}')
