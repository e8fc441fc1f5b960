"""What the JSON of Google Benchmark says: workloads, their repetitions on each engine, and ratios."""

import dataclasses
import math
import statistics

OWN = "stoa"


@dataclasses.dataclass(frozen=True)
class Measure:
    """What a number of a benchmark says."""
    unit: str
    less_is_better: bool = True


RATE = Measure("/s", less_is_better=False)
BYTES = Measure("bytes")
MICROS = Measure("us")
MILLIS = Measure("ms")
TIMES = Measure("times")

# Workloads, by the first part of their name, whose result is not a rate but a counter.
RESULTS = {"space": ("bytes", BYTES), "memory": ("memory", BYTES), "wamp": ("amplification", TIMES),
           "open": ("real_time", MILLIS)}

# Counters that are results of their own, as NAME/COUNTER.
COUNTERS = {"p50": MICROS, "p99": MICROS, "p999": MICROS, "max": MICROS, "cpu_us": MICROS, "written": BYTES,
            "read": BYTES, "disk": BYTES, "memory": BYTES, "space": TIMES}

# What is no engine but a thing to compare Stoa with; shown whichever engines are asked for. `array` and `lanes`: the
# sum of an array; `disk`: rows that sequential writing has room for, at the bytes that Stoa writes for each; `raw`: the
# bytes of the values; `stoa1`: Stoa on one thread.
YARDSTICKS = ("array", "lanes", "disk", "raw", "stoa1")
HELD_AGAINST_DISK = "ingest/100"

MILLIS_OF_UNIT = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}


def quotient(a, b):
    """a / b; nothing beside nothing is alike."""
    return a / b if b else 1.0 if a == b else math.inf


@dataclasses.dataclass
class Workload:
    """The repetitions of a workload on each engine, Stoa first, or one of its counters in them."""
    name: str
    measure: Measure
    of: str  # the workload that it is a counter of, else ""
    values: dict = dataclasses.field(default_factory=dict)

    def peers(self):
        """In the order in which they are reported: last what the workload is about."""
        about = {"space/ycsb": "raw"}.get(self.name, "stoa1" if self.name.startswith("scale/") else "rocksdb")
        return sorted((engine for engine in self.values if engine != OWN), key=lambda engine: (engine == about, engine))

    def ratio(self, peer):
        """(ratio of the medians, least, greatest)."""
        own, other = self.values[OWN], self.values[peer]
        pairs = [quotient(a, b) for a, b in zip(own, other)]
        return quotient(statistics.median(own), statistics.median(other)), min(pairs), max(pairs)


def parts_of(run_name):
    """("get/hit", "stoa") of "get/hit/stoa/real_time", and so on."""
    parts = [part for part in run_name.split("/")
             if part not in ("process_time", "real_time", "manual_time")
             and not part.startswith(("iterations:", "repeats:", "threads:", "min_time:", "min_warmup_time:"))]
    return "/".join(parts[:-1]), parts[-1]


def results_of(name, one):
    """[(counter or "", measure, value)] of one repetition: its counters, and what it is about."""
    counter, measure = RESULTS.get(name.split("/")[0], ("items_per_second", RATE))
    results = [(key, COUNTERS[key], one[key]) for key in COUNTERS if key in one and key != counter]
    if counter in one:
        scale = MILLIS_OF_UNIT[one["time_unit"]] if counter == "real_time" else 1
        results.append(("", measure, one[counter] * scale))
    return results


def repetitions_of(run):
    """[(workload, engine, one)] of what Google Benchmark has printed, without its own medians and so on."""
    for one in run["benchmarks"]:
        if one.get("run_type") == "iteration" and not one.get("error_occurred"):
            yield (*parts_of(one["run_name"]), one)


def rates_the_disk_allows(run):
    """Rows a second of HELD_AGAINST_DISK, if nothing but sequential writing of what Stoa wrote took time."""
    def values(benchmark, counter):
        return [one[counter] for name, engine, one in repetitions_of(run)
                if f"{name}/{engine}" == benchmark and counter in one]

    bytes_per_second = values("machine/disk", "bytes_per_second")
    bytes_per_row = values(f"{HELD_AGAINST_DISK}/{OWN}", "written")
    return [a / b for a, b in zip(bytes_per_second, bytes_per_row)]


def workloads_of(run):
    """{name: Workload} of what Google Benchmark has printed, sorted by name, each after its counters."""
    found = {}

    def add(name, counter, measure, engine, value):
        full = f"{name}/{counter}" if counter else name
        workload = found.setdefault((name, counter == "", full), Workload(full, measure, name if counter else ""))
        workload.values.setdefault(engine, []).append(value)

    for name, engine, one in repetitions_of(run):
        for result in results_of(name, one):
            add(name, *result[:2], engine, result[2])
        if engine == OWN and "raw" in one:
            add(name, "", BYTES, "raw", one["raw"])
    for rate in rates_the_disk_allows(run):
        add(HELD_AGAINST_DISK, "", RATE, "disk", rate)
    for workload in found.values():
        workload.values = dict(sorted(workload.values.items(), key=lambda item: (item[0] != OWN, item[0])))
    return {workload.name: workload for _, workload in sorted(found.items(), key=lambda item: item[0])}


def selected(workloads, wanted, peers):
    """Of these workloads, in this order (each with its counters, or one of those), or all; of these peers or all."""
    names = list(workloads)
    if wanted:
        names = [name for want in wanted for name in workloads if want in (name, workloads[name].of)]
    return {name: dataclasses.replace(workloads[name], values={
        engine: values for engine, values in workloads[name].values.items()
        if engine == OWN or engine in YARDSTICKS or peers is None or engine in peers}) for name in names}


HEADINGS = ("workload", "engine", "median", "min", "max", "unit", "stoa/engine (spread)")


def text_of_ratio(ratio):
    return f"{ratio:.{2 if ratio >= 0.1 else 4}f}"


def text_of(number):
    """With three digits, or as many as it has before the point."""
    return f"{number:,.{0 if number >= 100 else 1 if number >= 10 else 2}f}"


def table_rows(workloads):
    """Rows below HEADINGS, as text, for the terminal and the page."""
    for name, workload in workloads.items():
        measure = workload.measure
        unit = measure.unit + (", less is better" if measure.less_is_better else "")
        for engine, values in workload.values.items():
            numbers = [text_of(number) for number in (statistics.median(values), min(values), max(values))]
            ratio = ""
            if engine != OWN and OWN in workload.values:
                ratio = "{} ({} to {})".format(*map(text_of_ratio, workload.ratio(engine)))
            yield (name, engine, *numbers, unit, ratio)
