"""Safetensors bytes, case expansion, checksums and provenance, bit comparison: all without jax."""

import hashlib
import json
import os
import struct
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from mxcheck_golden import casefile, compare, dtypes, policies, provenance, safetensors_io  # noqa: E402


class Safetensors(unittest.TestCase):
    def test_every_dtype_survives(self):
        arrays = {name: np.ones((2, 3), dtype) for name, dtype in dtypes.NUMPY.items()}
        read, metadata = safetensors_io.decode(safetensors_io.encode(arrays, {"a": "b"}))
        self.assertEqual(metadata, {"a": "b"})
        for name, array in arrays.items():
            self.assertEqual(compare.differing(read[name], array), 0, name)

    def test_four_bit_codes_become_bytes(self):
        codes = np.array([-8, 7]).astype(dtypes.NUMPY["s4"])
        read, _ = safetensors_io.decode(safetensors_io.encode({"q": codes}))
        self.assertEqual((read["q"].dtype, read["q"].tolist()), (np.int8, [-8, 7]))

    def test_bytes_do_not_depend_on_the_order_given(self):
        a, b = np.zeros(3, np.int8), np.ones((), np.float32)
        self.assertEqual(safetensors_io.encode({"a": a, "b": b}), safetensors_io.encode({"b": b, "a": a}))

    def test_the_header_is_padded_and_the_data_dense(self):
        blob = safetensors_io.encode({"a": np.zeros(3, np.int8), "b": np.zeros(2, np.float32)})
        (length,) = struct.unpack("<Q", blob[:8])
        self.assertEqual((length % 8, len(blob)), (0, 8 + length + 11))

    def test_a_lying_header_is_refused(self):
        blob = safetensors_io.encode({"a": np.zeros(3, np.float32)})
        for bad in (blob[:4], blob[:-1], struct.pack("<Q", 1 << 60) + blob[8:]):
            with self.assertRaises(ValueError):
                safetensors_io.decode(bad)


class Comparison(unittest.TestCase):
    def test_any_nan_equals_any_nan_but_zeros_have_signs(self):
        a = np.array([0x7FC00000, 0x00000000, 0x3F800000], np.uint32).view(np.float32)
        b = np.array([0xFFC00001, 0x80000000, 0x3F800000], np.uint32).view(np.float32)
        self.assertEqual(compare.differing(a, b), 1)

    def test_names_are_accounted_for_on_both_sides(self):
        got = compare.tensors({"a": np.zeros(2), "b": np.zeros(1)}, {"b": np.ones(1), "c": np.zeros(1)})
        self.assertEqual((got["missing"], got["extra"]), (["a"], ["c"]))
        self.assertEqual(got["differences"], {"b": (1, 1)})


class Cases(unittest.TestCase):
    DOCUMENT = {
        "mxcheck": 1, "inputs": {"x": {"fill": 1, "shape": ["${M}", 2]}}, "nodes": [],
        "matrix": {"M": [2, 3], "Q": ["s8", None]},
        "rules": [{"weight_qtype": "${Q}"}], "expect": {"golden": "g/${M}_${Q}.safetensors"},
    }

    def test_a_whole_value_keeps_its_type_and_a_part_becomes_text(self):
        parts, first = casefile.expand(self.DOCUMENT)[0]
        self.assertEqual(parts, ("M=2", "Q=s8"))
        self.assertEqual(first["inputs"]["x"]["shape"], [2, 2])
        self.assertEqual(first["expect"]["golden"], "g/2_s8.safetensors")
        self.assertNotIn("matrix", first)
        self.assertIsNone(casefile.expand(self.DOCUMENT)[3][1]["rules"][0]["weight_qtype"])

    def test_ids_count_from_the_folder_and_goldens_stay_inside(self):
        with tempfile.TemporaryDirectory() as root:
            open(os.path.join(root, casefile.ROOT_MARKER), "w").close()
            folder = os.path.join(root, "cases", "t")
            os.makedirs(folder)
            for name, golden in (("a", "../../golden/data/t/a.safetensors"), ("b", "../../../b.st")):
                document = {"mxcheck": 1, "inputs": {}, "nodes": [], "expect": {"golden": golden}}
                with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
                    json.dump(document, file)
            with open(os.path.join(folder, "schema.json"), "w", encoding="utf-8") as file:
                json.dump({"type": "object"}, file)
            inside, outside = casefile.discover([os.path.join(root, "cases")])
            self.assertEqual(inside.case_id, "t/a")
            self.assertEqual(inside.golden_path(), os.path.realpath(root) + "/golden/data/t/a.safetensors")
            with self.assertRaises(ValueError):
                outside.golden_path()
            lone = casefile.discover([os.path.join(folder, "a.json")])
            self.assertEqual([case.case_id for case in lone], ["t/a"])


class Policies(unittest.TestCase):
    def test_knobs_real_qwix_cannot_follow_are_refused(self):
        self.assertEqual(policies.base_of({"base": "xla_cpu", "dot_block": 64}), "xla_cpu")
        self.assertEqual(policies.knobs_of({"base": "ieee", "dot_block": 64}), {"dot_block": 64})
        with self.assertRaises(policies.UnsupportedPolicy):
            policies.knobs_of({"base": "ieee", "tie": "away"})
        with self.assertRaises(policies.UnsupportedPolicy):
            policies.base_of("other")


class Provenance(unittest.TestCase):
    def test_entries_of_other_files_stay_and_vanished_ones_go(self):
        with tempfile.TemporaryDirectory() as folder:
            answers = []
            for name in ("a", "b"):
                path = os.path.join(os.path.realpath(folder), name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(name)
                digest = hashlib.sha256(name.encode()).hexdigest()
                answers.append({"id": name, "path": path, "sha256": digest, "provenance": {"case": name}})
            provenance.update(folder, answers)
            os.remove(os.path.join(folder, "a"))
            provenance.update(folder, answers[1:])
            with open(os.path.join(folder, provenance.SUMS), encoding="utf-8") as file:
                self.assertEqual(file.read(), f"{answers[1]['sha256']}  b\n")
            with open(os.path.join(folder, provenance.PROVENANCE), encoding="utf-8") as file:
                self.assertEqual(list(json.load(file)["files"]), ["b"])

    def test_two_checksums_of_a_file_are_not_guessed_at(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, provenance.SUMS), "w", encoding="utf-8") as file:
                file.write("".join(f"{digit * 64}  a\n" for digit in "01"))
            with self.assertRaisesRegex(ValueError, "mxcheck bless"):
                provenance.update(folder, [])


if __name__ == "__main__":
    unittest.main()
