#!/usr/bin/env python3
"""Tests of bench/report.py: what it says of runs recorded or made up, and how it calls the benchmark."""

import contextlib
import html
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import report  # noqa: E402
from reporting import results  # noqa: E402

RECORDED = HERE / "recorded.json"

try:
    import matplotlib  # noqa: F401
    DRAWS = True
except ImportError:
    DRAWS = False


def repetition(name, **values):
    return {"run_name": f"{name}/real_time", "run_type": "iteration", "time_unit": "ms", "real_time": 1.0, **values}


def run_of(*repetitions):
    return {"context": {}, "benchmarks": list(repetitions)}


def rates(workload, engine, *values):
    return [repetition(f"{workload}/{engine}", items_per_second=value) for value in values]


class Program(unittest.TestCase):
    """Calls the program as a user does."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def report(self, *arguments):
        """(exit status, lines printed, text on the error output)"""
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(sys, "argv", ["bench/report.py", *map(str, arguments)]), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = report.main()
        return status, out.getvalue().splitlines(), err.getvalue()

    def read(self, run, *arguments):
        path = self.directory / "run.json"
        path.write_text(json.dumps(run))
        return self.report("--json", path, *arguments)


class Ratios(Program):
    def test_last_line_is_the_ratio_of_medians_to_rocksdb(self):
        run = run_of(*rates("get/hit", "stoa", 300, 100, 200), *rates("get/hit", "rocksdb", 40, 50, 60),
                     *rates("get/hit", "lmdb", 100, 100, 100), *rates("get/miss", "stoa", 1))
        status, lines, _ = self.read(run, "--workload", "get/hit")
        self.assertEqual(status, 0)
        self.assertEqual(lines[-2:], ["get/hit stoa/lmdb 2.00", "get/hit stoa/rocksdb 4.00"])
        self.assertIn("4.00 (2.00 to 7.50)", "\n".join(lines))
        self.assertNotIn("get/miss", "\n".join(lines))

    def test_peers_are_those_asked_for(self):
        run = run_of(*(one for engine, rate in (("stoa", 10), ("rocksdb", 1), ("lmdb", 5), ("array", 20))
                       for one in rates("scan/one", engine, rate)))
        _, lines, _ = self.read(run, "--workload", "scan/one", "--peers", "lmdb")
        self.assertEqual(lines[-2:], ["scan/one stoa/array 0.50", "scan/one stoa/lmdb 2.00"])

    def test_several_workloads_in_their_order(self):
        run = run_of(*(one for name in ("a/x", "a/y", "a/z") for engine in ("stoa", "rocksdb")
                       for one in rates(name, engine, 1)))
        _, lines, _ = self.read(run, "--workload", "a/z,a/x")
        self.assertEqual(lines[-2:], ["a/z stoa/rocksdb 1.00", "a/x stoa/rocksdb 1.00"])
        self.assertNotIn("a/y", "\n".join(lines))

    def test_counters_come_before_what_the_workload_is_about(self):
        run = run_of(*(repetition(f"ingest/1/{engine}", items_per_second=rate, p99=1000 / rate)
                       for engine, rate in (("stoa", 200), ("rocksdb", 100))))
        _, lines, _ = self.read(run, "--workload", "ingest/1")
        self.assertEqual(lines[-2:], ["ingest/1/p99 stoa/rocksdb 0.50", "ingest/1 stoa/rocksdb 2.00"])
        _, lines, _ = self.read(run, "--workload", "ingest/1/p99")
        self.assertEqual(lines[-1], "ingest/1/p99 stoa/rocksdb 0.50")

    def test_bytes_times_and_amplifications(self):
        run = run_of(repetition("space/ycsb/stoa", bytes=101, raw=100),
                     repetition("space/ycsb/rocksdb", bytes=202, raw=100),
                     repetition("wamp/upsert/stoa", amplification=2.0, items_per_second=9),
                     repetition("wamp/upsert/rocksdb", amplification=4.0, items_per_second=1),
                     repetition("open/crash/stoa", real_time=3.0),
                     repetition("open/crash/rocksdb", real_time=6e3, time_unit="us"),
                     repetition("memory/peak/stoa", memory=9), repetition("memory/peak/rocksdb", memory=10),
                     *rates("scale/get", "stoa", 19), *rates("scale/get", "stoa1", 10))
        for name, last in (("space/ycsb", "stoa/raw 1.01"), ("wamp/upsert", "stoa/rocksdb 0.50"),
                           ("open/crash", "stoa/rocksdb 0.50"), ("memory/peak", "stoa/rocksdb 0.90"),
                           ("scale/get", "stoa/stoa1 1.90")):
            _, lines, _ = self.read(run, "--workload", name)
            self.assertEqual(lines[-1], f"{name} {last}")

    def test_ingest_is_held_against_the_disk(self):
        run = run_of(repetition("ingest/100/stoa", items_per_second=1000, written=50),
                     repetition("machine/disk", bytes_per_second=100_000))
        _, lines, _ = self.read(run)
        self.assertEqual(lines[-1], "ingest/100 stoa/disk 0.50")

    def test_nothing_is_divided_by_nothing(self):
        run = run_of(*rates("a/b", "stoa", 0), *rates("a/b", "rocksdb", 0))
        self.assertEqual(self.read(run)[1][-1], "a/b stoa/rocksdb 1.00")

    def test_no_results_are_a_failure(self):
        status, _, errors = self.read(run_of(), "--workload", "get/hit")
        self.assertEqual((status, errors), (1, "report.py: no results of get/hit on stoa\n"))
        status, lines, errors = self.read(run_of(*rates("get/hit", "stoa", 1)), "--peers", "rockdb")
        self.assertEqual((status, errors), (1, "report.py: no results of any workload on rockdb\n"))
        self.assertIn("get/hit", lines[-2])


class Recorded(Program):
    """A run of the program itself, at 20,000 rows and 3 repetitions."""

    def test_every_workload_has_its_lines(self):
        status, lines, _ = self.report("--json", RECORDED)
        self.assertEqual(status, 0)
        ratios = [line for line in lines if re.fullmatch(r"\S+ stoa/\S+ [\d.]+", line)]
        for name in ("get/hit", "get/hit/p99", "scan/one", "ingest/100", "space/timeseries", "wamp/upsert",
                     "space/ycsb"):
            self.assertTrue(any(line.startswith(f"{name} stoa/rocksdb ") for line in ratios), name)
        self.assertTrue(any(line.startswith("scan/one stoa/array ") for line in ratios))
        self.assertTrue(any(line.startswith("space/ycsb stoa/raw ") for line in ratios))

    def test_repetitions_are_told_from_their_medians(self):
        workloads = results.workloads_of(json.loads(RECORDED.read_text()))
        self.assertEqual({len(values) for one in workloads.values() for values in one.values.values()}, {3})

    def test_runs_of_different_workloads_are_put_together(self):
        paths = [self.directory / "one.json", self.directory / "two.json"]
        for path, workload in zip(paths, ["get/hit", "get/miss"]):
            path.write_text(json.dumps(run_of(*rates(workload, "stoa", 6, 6), *rates(workload, "rocksdb", 2, 3))))
        together = ",".join(map(str, paths))
        status, lines, _ = self.report("--json", together)
        self.assertEqual(status, 0)
        self.assertEqual([line for line in lines if " stoa/rocksdb " in line],
                         ["get/hit stoa/rocksdb 2.40", "get/miss stoa/rocksdb 2.40"])
        with self.assertRaises(SystemExit):
            self.report("--json", f"{paths[0]},{paths[0]}")

    def test_page_says_machine_versions_and_command_and_needs_nothing_else(self):
        page = self.directory / "report.html"
        self.report("--json", RECORDED, "--html", page)
        text = page.read_text()
        report_context = json.loads(RECORDED.read_text())["context"]["report"]
        for what in ("processor", "cores", "memory", "kernel", "file system", "commit", "date"):
            self.assertTrue(f"<td>{what}</td><td>{report_context[what]}</td>" in text, what)
        for what in ("rocksdb 7.8.3, leveldb 1.23.0", "GNU 12.2.0", html.escape(report_context["command"]),
                     "<td>get/hit</td>", "<td>get/hit/p99</td>"):
            self.assertTrue(what in text, what)
        self.assertEqual("<svg" in text, DRAWS)
        self.assertIsNone(re.search(r"<(script|link|img|iframe)|@import|url\((?!#)", text))

    @unittest.skipUnless(DRAWS, "without matplotlib")
    def test_figures_are_drawn_alike_every_time(self):
        for name in ("a.svg", "b.svg", "c.png"):
            self.assertEqual(self.report("--json", RECORDED, "--figure", self.directory / name)[0], 0)
        self.assertEqual((self.directory / "a.svg").read_text(), (self.directory / "b.svg").read_text())
        self.assertTrue((self.directory / "c.png").read_bytes().startswith(b"\x89PNG"))

    def test_without_matplotlib_there_are_tables(self):
        page = self.directory / "report.html"
        missing = {name: None for name in [*sys.modules, "matplotlib"] if name.split(".")[0] == "matplotlib"}
        with mock.patch.dict(sys.modules, missing):
            sys.modules.pop("reporting.figure", None)
            figure = self.directory / "a.svg"
            status, lines, errors = self.report("--json", RECORDED, "--html", page, "--figure", figure)
        self.assertEqual(status, 1)
        self.assertIn("python3-matplotlib", errors)
        self.assertTrue(lines[-1].startswith("ycsb/a stoa/rocksdb "))
        self.assertTrue("<td>get/hit</td>" in page.read_text())


class Running(Program):
    """A stand-in for stoa_bench writes down how it was called and prints the recorded run."""

    def run_with(self, *arguments):
        program = self.directory / "bench" / "stoa_bench"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{self.directory}/called"\ncat "{RECORDED}"\n')
        program.chmod(0o755)
        answer = self.report("--build", self.directory, *arguments)
        return answer, (self.directory / "called").read_text().splitlines()

    def test_one_workload(self):
        (status, lines, _), called = self.run_with("--workload", "get/hit", "--rows", 7, "--flag=--records=9")
        self.assertEqual(status, 0)
        self.assertRegex(lines[-1], r"^get/hit stoa/rocksdb \d+\.\d\d$")
        self.assertEqual(called[:3], ["--benchmark_repetitions=5", "--benchmark_enable_random_interleaving=true",
                                      "--benchmark_format=json"])
        self.assertEqual(called[4:], ["--rows=7", "--records=9"])

    def filter(self, *arguments):
        expression = self.run_with(*arguments)[1][3].partition("=")[2]
        return lambda name: re.search(expression, name) is not None

    def test_filter_of_a_workload(self):
        runs = self.filter("--workload", "scan/one", "--peers", "lmdb")
        self.assertEqual([name for name in ("scan/one/stoa/real_time", "scan/one/lmdb/real_time", "scan/one/array",
                                            "scan/one/rocksdb", "scan/one2/stoa", "scan/all/stoa") if runs(name)],
                         ["scan/one/stoa/real_time", "scan/one/lmdb/real_time", "scan/one/array"])

    def test_filter_of_a_counter_is_that_of_its_workload(self):
        runs = self.filter("--workload", "ingest/100/p99")
        self.assertTrue(runs("ingest/100/stoa/iterations:1/real_time"))
        self.assertTrue(runs("machine/disk/iterations:1"))
        self.assertFalse(runs("ingest/1/stoa"))

    def test_filter_of_several(self):
        runs = self.filter("--workload", "get/hit,scan/one")
        self.assertTrue(runs("get/hit/stoa") and runs("scan/one/rocksdb/real_time"))
        self.assertFalse(runs("get/miss/stoa") or runs("machine/disk"))

    def test_filter_of_all(self):
        runs = self.filter()
        self.assertTrue(runs("get/hit/stoa/real_time") and runs("get/hit/rocksdb/real_time") and runs("machine/disk"))
        self.assertFalse(runs("get/hit/lmdb/real_time"))

    def test_a_saved_run_knows_its_machine(self):
        saved = self.directory / "saved.json"
        self.run_with("--workload", "get/hit", "--save", saved)
        context = json.loads(saved.read_text())["context"]["report"]
        self.assertEqual(context["cores"], str(os.cpu_count()))
        self.assertIn("bench/report.py --build", context["command"])

    def test_a_failing_benchmark_ends_the_report(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            (self.directory / "bench").mkdir()
            (self.directory / "bench" / "stoa_bench").symlink_to("/bin/false")
            self.report("--build", self.directory)


if __name__ == "__main__":
    unittest.main()
