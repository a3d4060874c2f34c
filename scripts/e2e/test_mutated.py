"""Damaged case files: each is refused with a place or still valid; nothing crashes, hangs or swells."""
import json

from mutated_cases import Mutator, complaints, hunt
from support import BINARY, ToolTest, dense

COUNT = 264
SEED = 8


class Mutated(ToolTest):
    def test_every_kind_of_damage_is_survived(self):
        self.assertGreaterEqual(len(Mutator(SEED).kinds), 30)
        for number, (kind, _), found in hunt(BINARY, COUNT, SEED):
            with self.subTest(f'{number} {kind}'):
                self.fail('; '.join(found))

    def test_thousands_of_expansions_are_linted_in_time(self):
        case = dense(matrix={'N': list(range(9000))}, title='${N}')
        self.assertEqual(complaints(BINARY, self.folder, json.dumps(case).encode(), (['lint'], ['list'])), [])

    def test_rows_that_every_tensor_allows_do_not_fill_the_memory(self):
        for rows in (50_000, 1_000_000, 15_000_000):
            case = dense()
            case['inputs']['x']['shape'][0] = rows
            case['run'] = {'mode': 'forward'}
            case.pop('expect', None)
            found = complaints(BINARY, self.folder, json.dumps(case).encode())
            self.assertEqual(found, [], rows)
        self.assertIn('[CASE-SIZE]', self.tool('lint', 'case.json', code=4).stderr)

    def test_the_same_seed_makes_the_same_files(self):
        a, b = Mutator(SEED), Mutator(SEED)
        self.assertEqual([a.make(i) for i in range(40)], [b.make(i) for i in range(40)])

    def test_a_program_that_breaks_is_noticed(self):
        for text, expected in (('exit 3', 'exit 3'), ('kill -SEGV $$', 'exit -11'), ('exit 4', 'without a place')):
            broken = self.folder / 'broken.sh'
            broken.write_text(f'#!/bin/sh\n{text}\n')
            broken.chmod(0o755)
            found = complaints(str(broken), self.folder, b'{}')
            self.assertTrue(any(expected in f for f in found), found)
