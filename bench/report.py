#!/usr/bin/env python3
"""Runs stoa_bench, or reads what a run has left, and says how Stoa compares with other engines.

For each workload the median of its repetitions and their spread, and at the end lines "NAME stoa/PEER RATIO". Of
rates, greater is better; of bytes, times and amplifications (marked "less is better" in the table), smaller. With
--workload NAME the last line is that of the workload itself against RocksDB; of space/ycsb against the raw values,
of scale/... against Stoa on one thread.

Repetitions of all benchmarks are interleaved in random order, so that whatever else the machine does hits all
engines. A ratio is that of the medians; its spread are the least and the greatest ratio of single repetitions, the
first of one engine to the first of the other and so on.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from reporting import machine, page
from reporting.results import (COUNTERS, HEADINGS, HELD_AGAINST_DISK, OWN, YARDSTICKS, selected, table_rows,
                               text_of_ratio, workloads_of)

REPETITIONS_MIN = 5


def print_report(workloads):
    rows = [HEADINGS, *table_rows(workloads)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        cells = [cell.rjust(width) if 2 <= column <= 4 else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
    print()
    for name, workload in workloads.items():
        if OWN in workload.values:
            for peer in workload.peers():
                print(f"{name} {OWN}/{peer} {text_of_ratio(workload.ratio(peer)[0])}")


def filter_of(wanted, peers):
    """The regular expression of the benchmarks that are wanted."""
    engines = "|".join([OWN, *peers, *YARDSTICKS])
    if not wanted:
        return f"/({engines})(/|$)|^machine/"
    needed = [name.rpartition("/")[0] if name.rpartition("/")[2] in COUNTERS else name for name in wanted]
    return f"^({'|'.join(needed)})/({engines})(/|$)" + ("|^machine/disk" if HELD_AGAINST_DISK in needed else "")


def run(arguments, peers):
    """What the benchmark prints, with what page and figure say of the machine added to its context."""
    command = [str(arguments.build / "bench/stoa_bench"), f"--benchmark_repetitions={arguments.repetitions}",
               "--benchmark_enable_random_interleaving=true", "--benchmark_format=json",
               f"--benchmark_filter={filter_of(arguments.workload, peers)}"]
    command += [f"--{name}={value}" for name, value in (("rows", arguments.rows), ("dir", arguments.dir)) if value]
    command += arguments.flag
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"report.py: {command[0]} ended with status {finished.returncode}")
    results = json.loads(finished.stdout)
    results["context"]["report"] = machine.describe(arguments.dir, sys.argv)
    return results


def read(paths):
    """Runs of different workloads on one machine, put together."""
    results = json.loads(paths[0].read_text(encoding="utf-8"))
    report = results["context"].get("report", {})
    for path in paths[1:]:
        more = json.loads(path.read_text(encoding="utf-8"))
        if {each["run_name"] for each in results["benchmarks"]} & {each["run_name"] for each in more["benchmarks"]}:
            sys.exit(f"report.py: {path} has a benchmark that a file before it has")
        results["benchmarks"] += more["benchmarks"]
        if "command" in report:
            report["command"] += "; " + more["context"]["report"]["command"]
    return results


def names(text):
    return text.split(",")


def files(text):
    return [pathlib.Path(name) for name in names(text)]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"), help="build directory")
    parser.add_argument("--workload", type=names, metavar="NAME[,NAME...]",
                        help="only this one or these, for example get/hit; else all")
    parser.add_argument("--peers", type=names, metavar="ENGINE[,ENGINE...]",
                        help="engines to compare with, for example rocksdb,leveldb,lmdb,wiredtiger; "
                        "without it rocksdb, or all that are in a file read")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS_MIN)
    parser.add_argument("--rows", type=int, help="rows of the series")
    parser.add_argument("--dir", help="where databases are made")
    parser.add_argument("--flag", action="append", default=[], metavar="--NAME=VALUE",
                        help="handed to stoa_bench as it is; may be repeated")
    parser.add_argument("--json", type=files, metavar="FILE[,FILE...]",
                        help="read an earlier run instead, or several of other workloads each")
    parser.add_argument("--save", type=pathlib.Path, metavar="FILE", help="keep the run, for --json")
    parser.add_argument("--figure", type=pathlib.Path, metavar="FILE", help="draw the ratios (.svg or .png)")
    parser.add_argument("--html", type=pathlib.Path, metavar="FILE", help="write a page with figure and tables")
    return parser.parse_args(arguments)


def draw(arguments, workloads, context):
    """Figure and page, where they are asked for; false when matplotlib is missing."""
    svg = None
    try:
        from reporting import figure  # needs matplotlib
        if arguments.figure:
            figure.save(workloads, arguments.figure)
        svg = figure.svg(workloads)
    except ImportError as missing:
        print(f"report.py: no figure is drawn, {missing.name} is missing: apt-get install python3-matplotlib",
              file=sys.stderr)
    if arguments.html:
        arguments.html.write_text(page.page(workloads, context, svg), encoding="utf-8")
    return svg is not None or not arguments.figure


def main():
    arguments = parse(sys.argv[1:])
    peers = arguments.peers
    if arguments.json:
        results = read(arguments.json)
    else:
        results = run(arguments, peers or ["rocksdb"])
    if arguments.save:
        arguments.save.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    workloads = selected(workloads_of(results), arguments.workload, peers)
    drawn = not (arguments.figure or arguments.html) or draw(arguments, workloads, results["context"])
    print_report(workloads)
    found = {engine for workload in workloads.values() for engine in workload.values}
    missing = [engine for engine in [OWN, *(peers or [])] if engine not in found]
    wanted = ", ".join(arguments.workload or ["any workload"])
    for engine in missing:
        print(f"report.py: no results of {wanted} on {engine}", file=sys.stderr)
    return 0 if drawn and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
