"""Draws how many times better Stoa is than its peers. Importing it needs matplotlib."""

import io
import math

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reporting.results import OWN, quotient

# The same file for the same numbers; letters as outlines, so that it looks alike wherever it is shown.
matplotlib.rcParams.update({"svg.hashsalt": "stoa", "svg.fonttype": "path", "font.size": 9})

# Told apart by people who see few colours, and by their marks.
STYLES = {"rocksdb": ("#0072b2", "o"), "leveldb": ("#e69f00", "s"), "wiredtiger": ("#009e73", "^"),
          "lmdb": ("#cc79a7", "D")}

SVG_METADATA = {"Date": None, "Creator": None}  # else the file would change with the day

WIDTH_INCHES = 8.4  # as wide as a page shows it, so that letters keep their size
GROUP_INCHES = 0.27


def advantages(workloads):
    """[(name, {peer: (better, least, greatest)})]: more than 1 is better, be it a rate or bytes."""
    groups = []
    for name, workload in workloads.items():
        if workload.of or OWN not in workload.values:
            continue
        peers = {}
        for peer in STYLES:
            if peer in workload.values:
                ratios = workload.ratio(peer)
                if workload.measure.less_is_better:
                    ratios = [quotient(1, ratios[i]) for i in (0, 2, 1)]
                if all(0 < ratio < math.inf for ratio in ratios):
                    peers[peer] = ratios
        if peers:
            groups.append((name, peers))
    return groups


def draw_groups(axes, groups):
    """One line per workload, on it a mark per peer with its spread."""
    seen = {}
    for line, (_, peers) in enumerate(groups):
        if line % 2 == 0:
            axes.axhspan(line - 0.5, line + 0.5, color="#f4f4f4", zorder=0)
        for place, peer in enumerate(peers):
            better, least, greatest = peers[peer]
            color, mark = STYLES[peer]
            height = line + (place - (len(peers) - 1) / 2) * 0.8 / len(STYLES)
            axes.plot([least, greatest], [height, height], color=color, linewidth=1.2, zorder=2)
            seen[peer], = axes.plot([better], [height], mark, color=color, markersize=5, zorder=3)
            if peer == "rocksdb":
                axes.annotate(f"{better:.1f}" if better < 10 else f"{better:.0f}", (1.01, line),
                              xycoords=("axes fraction", "data"), va="center", color=color)
    return seen


def ticks(low, high):
    """1, 2, 5, 10 and so on; of a long axis only the powers of ten, for the others would touch."""
    digits = (1, 2, 5) if high / low < 1000 else (1,)
    return [10.0**exponent * digit for exponent in range(-6, 7) for digit in digits]


def draw(workloads):
    groups = advantages(workloads)
    figure = Figure(figsize=(WIDTH_INCHES, 1.1 + GROUP_INCHES * max(1, len(groups))), layout="constrained")
    axes = figure.add_subplot()
    seen = draw_groups(axes, groups)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.8), max(high, 1.25))
    axes.axvline(1, color="black", linewidth=1, zorder=1)
    axes.xaxis.set_major_locator(FixedLocator(ticks(*axes.get_xlim())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_yticks(range(len(groups)), [name for name, _ in groups])
    axes.set_ylim(max(1, len(groups)) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("how many times better Stoa is: of rates Stoa / other, of bytes and times other / Stoa")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if seen:
        shown = [peer for peer in STYLES if peer in seen]
        axes.legend([seen[peer] for peer in shown], [f"than {peer}" for peer in shown], loc="lower left",
                    bbox_to_anchor=(0, 1), ncols=len(shown), frameon=False, borderaxespad=0.2)
    return figure


def save(workloads, path):
    """As SVG or PNG, by the ending of the name."""
    metadata = SVG_METADATA if path.suffix == ".svg" else None
    draw(workloads).savefig(path, dpi=150, facecolor="white", metadata=metadata)


def svg(workloads):
    """The figure as an <svg> element."""
    text = io.StringIO()
    draw(workloads).savefig(text, format="svg", facecolor="white", metadata=SVG_METADATA)
    return text.getvalue()[text.getvalue().index("<svg"):]
