#!/usr/bin/env python3
"""Reads transcripts as FORMAT.md says, fails at the first line that does not fit, and prints what is in them.

Usage: check.py [FILE.txt.zst ...]; without files, of transcripts/, whose figures in README.md it compares too.
"""

import collections
import pathlib
import re
import subprocess
import sys

VALUE = r"(?:(?:[0-9a-f]{2})+|empty|null|unset)"
VALUES = rf"{VALUE}(?:,{VALUE})*"
NAME = r"[a-z][a-z0-9_]*"
TYPE = r"[a-z][a-z0-9_<>,]*"
NUMBER = r"-?[0-9]+"
TS = rf"(?: ts={NUMBER})?"
TTL = rf"(?: ttl={NUMBER})?"
KEY = rf" pk={VALUES}(?: ck={VALUES})?"
SLICE = rf"(?: eq={VALUES})?(?: g[te]={VALUES})?(?: l[te]={VALUES})?"
ASSIGN = (rf"(?: {NAME}:(?:(?:set|append|prepend|discard|increment|decrement):{VALUE}|put:{VALUE}:{VALUE}"
          rf"|setindex:{NUMBER}:{VALUE}|field:{NAME}:{VALUE}))*")
DELETION = rf"(?: {NAME}:(?:delete|deletekey:{VALUE}|deleteindex:{NUMBER}|deletefield:{NAME}))+"
CONDITION = (rf"((?: if:(?:exists|notexists|{NAME}(?::key:{VALUE}|:index:{NUMBER}|:field:{NAME})?"
             rf":(?:(?:eq|ne|lt|le|gt|ge|contains|containskey):{VALUE}|in:{VALUES})))*)")
WRITE = re.compile(rf"(?:(?:insert|update) {NAME}{TS}{TTL}{KEY}{ASSIGN}|delete {NAME}{TS}{KEY}{DELETION}"
                   rf"|deleterow {NAME}{TS}{KEY}|deleterange {NAME}{TS} pk={VALUES}(?= ){SLICE}"
                   rf"|deletepartition {NAME}{TS} pk={VALUES}){CONDITION}$")
BATCH = re.compile(rf"batch (?:logged|unlogged|counter){TS} ([0-9]+)$")
ITEM = rf"(?:(?:writetime|ttl):)?{NAME}(?::key:{VALUE}|:field:{NAME})?|maxwritetime:{NAME}"
SELECT = re.compile(rf"select {NAME} cols=((?:{ITEM})(?:,(?:{ITEM}))*)( distinct)?(?:{KEY}| pk={VALUES}{SLICE}"
                    rf"| pkin={VALUES}(?:;{VALUES})*| tokens=[(\[](?:{NUMBER}|-),(?:{NUMBER}|-)[)\]])?( reverse)?"
                    rf"(?: perpartition=[0-9]+)?(?: limit=([0-9]+))?(?: page=([0-9]+))?$")
SCHEMA = re.compile(rf"(?:truncate {NAME}|add {NAME} (?:static|regular) {NAME} {TYPE}|drop {NAME} {NAME}"
                    rf"|rename {NAME} {NAME} {NAME}|option {NAME} ttl={NUMBER}|addfield {NAME} {NAME} {TYPE}"
                    rf"|renamefield {NAME} {NAME} {NAME})$")


FOLDER = pathlib.Path(__file__).parent


class Reader:
    """The lines of a file, with one of lookahead."""

    def __init__(self, path):
        self.path = path
        self.lines = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout.decode().split("\n")
        assert self.lines.pop() == "", f"{path}: no newline at the end"
        self.at = 0

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def take(self, pattern):
        match = re.fullmatch(pattern, self.peek()) if isinstance(pattern, str) else pattern.match(self.peek())
        if not match:
            raise SystemExit(f"{self.path}:{self.at + 1}: unexpected: {self.peek()[:300]}")
        self.at += 1
        return match

    def try_take(self, pattern):
        return self.take(pattern) if re.match(pattern, self.peek()) else None


def read_rows(reader, count, columns, counts):
    for _ in range(count):
        row = reader.take(rf"=(?: {VALUE})*").group(0)
        assert row.count(" ") == columns, f"{reader.path}:{reader.at}: {columns} values expected"
    counts["rows"] += count


def read_outcome(reader, counts):
    if reader.try_take(r"error [A-Za-z]+$"):
        counts["errors"] += 1
        return
    counts["results"] += 1
    if reader.try_take("applied$"):
        counts["applied"] += 1
        return
    refused = reader.take(rf"refused ([0-9]+)((?: {NAME})*)")
    read_rows(reader, int(refused.group(1)), refused.group(2).count(" "), counts)
    counts["refused"] += 1


def read_pages(reader, query, counts):
    columns = query.group(1).count(",") + 1
    limit, page_size = query.group(4), query.group(5)
    total = 0
    while True:
        page = reader.take("page ([0-9]+) (more|last)")
        assert page_size or page.group(2) == "last", f"{reader.path}:{reader.at}: a second page unasked"
        assert not page_size or int(page.group(1)) <= int(page_size), f"{reader.path}:{reader.at}: a page too long"
        total += int(page.group(1))
        read_rows(reader, int(page.group(1)), columns, counts)
        if page.group(2) == "last":
            break
    assert not limit or total <= int(limit), f"{reader.path}:{reader.at}: more than the limit"
    counts["results"] += 1
    counts["empty results"] += total == 0


def read_operation(reader, counts):
    word = reader.peek().split(" ")[0]
    counts[word] += 1
    if word == "select":
        query = reader.take(SELECT)
        if reader.try_take(r"error [A-Za-z]+$"):
            counts["errors"] += 1
        else:
            read_pages(reader, query, counts)
        return
    if word == "batch":
        count = int(reader.take(BATCH).group(1))
        writes = [reader.take(WRITE) for _ in range(count)]
    elif SCHEMA.match(reader.peek()):
        writes = []
        reader.take(SCHEMA)
    else:
        writes = [reader.take(WRITE)]
    if any(write.group(1) for write in writes):
        read_outcome(reader, counts)
    elif reader.try_take(r"error [A-Za-z]+$"):
        counts["errors"] += 1


def read_histories(reader):
    counts = collections.Counter()
    while reader.peek():
        reader.take(rf"history {NAME} [0-9]+")
        while reader.try_take(rf"type {NAME}(?: {NAME} {TYPE})+$"):
            pass
        while reader.try_take(rf"table {NAME}(?: ttl=[0-9]+)?$"):
            while reader.try_take(rf"column (?:partition|clustering|static|regular) {NAME} {TYPE}(?: desc)?$"):
                pass
        reader.take("clock [0-9]+")
        while reader.try_take(r"\+-?[1-9][0-9]*$"):
            if reader.peek()[0] not in "+e" or reader.peek().startswith("error"):
                read_operation(reader, counts)
        reader.take("end")
        counts["histories"] += 1
    return counts


FACTS = {
    "tokens": rf"{VALUE} {NUMBER}",
    "comparisons": rf"type {NAME}(?: {NAME} {TYPE})+|of {TYPE} (?:value|null|refused)|compare {VALUE} (?:-1|0|1) {VALUE}"
                   rf"|sorted(?: {VALUE})+",
    "types": "type(?:\t[^\t]+){3,}|(?:regular|static|partition|clustering|field)\t(?:accept\t[^\t]*\t[^\t]+|refuse\t[^\t]*)",
}


def check_readme(families):
    """Fails if README.md has other figures of families than those read, printing the rows as they should be."""
    families["all"] = sum(families.values(), collections.Counter())
    wrong = []
    for row in (FOLDER / "README.md").read_text().split("\n"):
        cells = [cell.strip(" `") for cell in row.split("|")[1:-1]]
        counts = families.pop(cells[0], None) if len(cells) == 7 else None
        if counts:
            figures = [counts[key] for key in ("histories", "results", "rows", "errors")] + [counts["bytes"] // 1024]
            figures = [f"{figure:,}" for figure in figures]
            if cells[2:] != figures:
                wrong.append(" | ".join(cells[:2] + figures))
    if wrong or families:
        raise SystemExit("README.md: these rows should be:\n" + "\n".join(wrong + sorted(families)))


def main():
    paths = [pathlib.Path(name) for name in sys.argv[1:]]
    stored = not paths
    paths = paths or sorted((FOLDER / "transcripts").glob("*.txt.zst"))
    total = collections.Counter()
    families = {}
    for path in paths:
        reader = Reader(path)
        fact = FACTS.get(path.name.split(".")[0])
        if fact:
            while reader.peek():
                reader.take(fact)
            print(f"{path.name}: {len(reader.lines)} lines, {path.stat().st_size} bytes")
            continue
        counts = read_histories(reader)
        total += counts
        families[path.name.split(".")[0]] = counts | collections.Counter(bytes=path.stat().st_size)
        print(f"{path.name}: {path.stat().st_size} bytes, " + ", ".join(f"{counts[key]} {key}" for key in
              ("histories", "results", "empty results", "rows", "applied", "refused", "errors")))
    print("operations: " + ", ".join(f"{count} {word}" for word, count in sorted(total.items())))
    if stored:
        check_readme(families)


if __name__ == "__main__":
    main()
