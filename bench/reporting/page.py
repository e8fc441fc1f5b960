"""The report as an HTML page of one file."""

import html

from reporting.results import HEADINGS, OWN, table_rows

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; font-size: 14px; }
th, td { padding: .2em .8em .2em 0; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.own td { border-top: 1px solid #888; }
svg { max-width: 100%; height: auto; }
code { background: #f4f4f4; padding: .1em .3em; white-space: pre-wrap; }
"""
NUMBERS = range(2, 5)


def table(headings, rows):
    lines = ["<table>", "<tr>" + "".join(f"<th>{html.escape(heading)}</th>" for heading in headings) + "</tr>"]
    for row in rows:
        cells = "".join(f"<td{' class=number' if at in NUMBERS and len(row) > 2 else ''}>{html.escape(cell)}</td>"
                        for at, cell in enumerate(row))
        lines.append(f"<tr{' class=own' if OWN in row else ''}>{cells}</tr>")
    return "\n".join(lines + ["</table>"])


def facts(context):
    """[(what, text)]: the machine, and what stoa_bench says of itself and the engines."""
    found = [(what, text) for what, text in context.get("report", {}).items() if what != "command"]
    if not found:
        found = [("cores", str(context.get("num_cpus", "unknown"))), ("date", context.get("date", "unknown"))]
    return found + [(name.partition(":")[2] or name, text) for name, text in context.items()
                    if name.startswith("version:")]


def page(workloads, context, figure):
    """`figure`: an <svg> element, or none where it cannot be drawn."""
    counters = {name: one for name, one in workloads.items() if one.of}
    results = {name: one for name, one in workloads.items() if not one.of}
    command = context.get("report", {}).get("command", context.get("executable", ""))
    sections = [
        "<p>Every engine does the same work in one process, on the same data, with the same memory and durability. "
        "Figures are medians of repetitions that were interleaved in random order; the ratio is that of the medians, "
        "its spread are the least and the greatest of single repetitions.</p>",
        figure or "<p>(No figure: python3-matplotlib is not installed.)</p>",
        "<h2>Machine and versions</h2>", table(("", ""), facts(context)),
        f"<p>Command: <code>{html.escape(command)}</code></p>",
        "<h2>Results</h2>", table(HEADINGS, table_rows(results)),
    ]
    if counters:
        sections += ["<h2>Latencies, bytes, processor time</h2>", table(HEADINGS, table_rows(counters))]
    title = "Stoa beside other engines"
    head = f'<head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
    return "\n".join(["<!DOCTYPE html>", '<html lang="en">', head, "<body>", f"<h1>{title}</h1>", *sections, "</body>",
                      "</html>", ""])
