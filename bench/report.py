#!/usr/bin/env python3
"""Runs stoa_bench and prints how Stoa compares with RocksDB.

For each workload the median of the repetitions, their spread, and as the last lines "NAME stoa/rocksdb RATIO": of
rates, where greater is better, or of bytes (space/..., written, memory), space and times (p50 to max, in
microseconds), where smaller is better. Repetitions of all benchmarks are interleaved in random order, so that
whatever else the machine does hits both engines.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

PEER = "rocksdb"

# Counters of a benchmark that are results of their own, as NAME/COUNTER, with their units.
COUNTERS = {"p50": "us", "p99": "us", "p999": "us", "max": "us", "written": "bytes", "memory": "bytes",
            "space": "times what is alive"}


def run(arguments):
    command = [arguments.build / "bench/stoa_bench", f"--benchmark_repetitions={arguments.repetitions}",
               "--benchmark_enable_random_interleaving=true", "--benchmark_format=json"]
    if arguments.workload:
        workload, _, last = arguments.workload.rpartition("/")
        command.append(f"--benchmark_filter=^{workload if last in COUNTERS else arguments.workload}/")
    if arguments.rows:
        command.append(f"--rows={arguments.rows}")
    if arguments.dir:
        command.append(f"--dir={arguments.dir}")
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measurements(results):
    """{workload: {engine: [value of each repetition]}}, by name, Stoa first."""
    table = {}
    for one in results["benchmarks"]:
        if one.get("run_type") != "iteration":
            continue
        parts = [part for part in one["run_name"].split("/")
                 if part not in ("process_time", "real_time") and not part.startswith(("iterations:", "repeats:"))]
        workload, engine = "/".join(parts[:-1]), parts[-1]
        values = {f"{workload}/{counter}": one[counter] for counter in COUNTERS if counter in one}
        values[workload] = one["bytes"] if "bytes" in one else one["items_per_second"]
        for name, value in values.items():
            table.setdefault(name, {}).setdefault(engine, []).append(value)
    return {workload: dict(sorted(engines.items(), key=lambda item: item[0] != "stoa"))
            for workload, engines in sorted(table.items())}


def print_table(table):
    print(f"{'workload':<18} {'engine':<8} {'median':>15} {'min':>15} {'max':>15}")
    for workload, engines in table.items():
        last = workload.rpartition("/")[2]
        unit = "bytes" if workload.startswith("space/") else COUNTERS.get(last, "/s")
        digits = 2 if last == "space" else 0
        for engine, values in engines.items():
            print(f"{workload:<18} {engine:<8} {statistics.median(values):>15,.{digits}f} "
                  f"{min(values):>15,.{digits}f} {max(values):>15,.{digits}f} {unit}")
    print()
    for workload, engines in table.items():
        if "stoa" in engines and PEER in engines:
            ratio = statistics.median(engines["stoa"]) / statistics.median(engines[PEER])
            print(f"{workload} stoa/{PEER} {ratio:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"), help="build directory")
    parser.add_argument("--workload", help="only this one, for example get/hit")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rows", type=int, help="rows of the series")
    parser.add_argument("--dir", help="where databases are made")
    parser.add_argument("--json", type=pathlib.Path, help="read the results of an earlier run instead")
    arguments = parser.parse_args()
    results = json.loads(arguments.json.read_text()) if arguments.json else run(arguments)
    table = measurements(results)
    if arguments.workload:
        table = {name: engines for name, engines in table.items() if name == arguments.workload}
    print_table(table)
    return 0 if table else 1


if __name__ == "__main__":
    sys.exit(main())
