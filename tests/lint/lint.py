#!/usr/bin/env python3
"""Rules of the project that no compiler checks. Prints one line per fault, each naming what to do instead.

Usage: lint.py [ROOT]. Exit status 1 when there is a fault.
"""

import os
import pathlib
import re
import sys

FILE_LINES_MAX = 1000
TEST_FILE_LINES_MAX = 1500
FUNCTION_LINES_MAX = 70

# A layer may include itself, the layers to its left and the public headers.
LAYERS = ["base", "io", "types", "schema", "data", "blob", "wal", "memtable", "sstable", "read", "compaction", "engine",
          "cli"]

FOLDERS = ["include", "lib", "tests", "examples", "bench", "cmake", ".ci"]
CODE = {".h", ".cc"}
TEXT = CODE | {".py", ".sh", ".md", ".txt", ".cmake", ".in", ".json"}

# (pattern, replacement). Checked in lib/ outside lib/io, where the seams are made.
BANNED_IN_ENGINE = [
    (r"std::(jthread|thread|async)\b", "give a Job to the Executor (io/executor.h)"),
    (r"std::(mutex|shared_mutex|recursive_mutex|lock_guard|unique_lock|scoped_lock)\b",
     "use Mutex and MutexLock (io/sync.h)"),
    (r"absl::(Mutex|MutexLock|CondVar)\b", "use Mutex and CondVar (io/sync.h)"),
    (r"std::condition_variable", "use CondVar (io/sync.h)"),
    (r"std::chrono::\w*_clock|absl::Now\b|\bclock_gettime\b|\bgettimeofday\b|(?<![\w.>:])time\(\s*(NULL|nullptr|0|&)",
     "take the time from Clock (io/clock.h)"),
    (r"(?<![\w.>])s?rand\(|std::random_device|std::mt19937|\bgetrandom\b|absl::BitGen",
     "use Random with a seed, or IdSource (io/random.h)"),
    (r"\bfopen\(|std::[io]?fstream\b|std::filesystem\b|(?<![\w.>])::(open|read|write|rename|unlink|mkdir|mmap)\(",
     "go through FileSystem (io/file_system.h)"),
    (r"\bthread_local\b", "keep state in objects that someone owns"),
    (r"\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\(", "use Executor::ScheduleAfter (io/executor.h)"),
    # What it points to may be gone after the statement: another thread publishes the next view.
    (r"\bviews(_|\(\))\s*\.\s*(Get|Acquire)\(\)\s*(->|\.(?!share\(\)))"
     r"|(?<!\w)\(\s*\*[\w.>-]*\bviews(_|\(\))\.(Get|Acquire)\(\)\s*\)\s*\.",
     "hold the view in a variable as long as anything of it is used: const std::shared_ptr<const View> view = ..."),
    (r"std::(cout|cerr)\b|(?<![\w.>])f?printf\(", "return a Status or a string; only lib/cli prints"),
]
# Checked in every C++ file.
BANNED_EVERYWHERE = [
    (r"\b(abort|std::terminate|std::exit|_exit)\(\)", "return a Status: the host program must survive"),
    (r"\bassert\(", "use STOA_DCHECK (base/check.h) for invariants and a Status for everything else"),
    (r"\busing namespace (?!stoa\b|std::literals|std::chrono_literals)", "name what is used"),
]
# Checked in every text file; the pieces are joined so that this file does not offend itself.
BANNED_TEXT = [
    (r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", "finish it, or open an issue"),
    (r"(?<![\w.$}])/(wor" + r"k|ho" + r"me|ro" + r"ot|Use" + r"rs)/", "use a path relative to the repository"),
]
EXCEPTIONS = {
    "lib/base/check.h": ["assert"],
}


def is_test(path):
    return path.parts[0] == "tests"


def strip_comments_and_strings(text):
    """Blanks comments and literals, keeping line numbers."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.S)

    def blank(match):
        text = match.group(0)
        newlines = "\n" * text.count("\n")
        return '""' + newlines if text[0] in "\"R" else newlines or " "

    return token.sub(blank, text)


def check_size(path, lines, fault):
    limit = TEST_FILE_LINES_MAX if is_test(path) else FILE_LINES_MAX
    if len(lines) > limit:
        fault(path, 1, f"{len(lines)} lines, the limit is {limit}: split it by what its parts are for")


NOT_A_FUNCTION = re.compile(r"^\s*(namespace|extern|class|struct|union|enum)\b|=\s*$")


def check_functions(path, code, fault):
    """Measures every brace block that follows a closing parenthesis at the outermost level of a namespace or class."""
    stack = []  # (is_function, line)
    statement = ""
    for number, line in enumerate(code.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for char in line:
            if char == "{":
                inside = any(function for function, _ in stack)
                function = not inside and ")" in statement and not NOT_A_FUNCTION.search(statement)
                stack.append((function, number))
                statement = ""
            elif char == "}" and stack:
                function, begin = stack.pop()
                if function and number - begin + 1 > FUNCTION_LINES_MAX and not is_test(path):
                    fault(path, begin, f"function of {number - begin + 1} lines, the limit is {FUNCTION_LINES_MAX}: "
                          "keep the branching here and move straight-line work to helpers")
                statement = ""
            elif char == ";":
                statement = ""
            else:
                statement += char
        statement += " "


def check_includes(path, text, fault):
    if path.parts[0] == "include":
        for number, name in includes(text):
            if name.startswith('"') or name.split("/")[0] == "<absl" and name not in PUBLIC_ABSL:
                fault(path, number, f"{name}: a public header includes only <stoa/...>, the standard library and "
                      + ", ".join(sorted(PUBLIC_ABSL)))
    if path.parts[0] != "lib" or len(path.parts) < 3:
        return
    own = path.parts[1]
    if own not in LAYERS:
        fault(path, 1, f"lib/{own} is not a layer: add it to LAYERS in tests/lint/lint.py and to lib/README.md")
        return
    for number, name in includes(text):
        if not name.startswith('"'):
            continue
        layer = name.strip('"').split("/")[0]
        if layer not in LAYERS:
            fault(path, number, f'{name}: write "layer/file.h"')
        elif LAYERS.index(layer) > LAYERS.index(own):
            fault(path, number, f"{name}: {own} may include only itself and the layers below it: "
                  + " < ".join(LAYERS) + "; move what is shared down, or pass it in")


PUBLIC_ABSL = {"<absl/status/status.h>", "<absl/status/statusor.h>"}


def includes(text):
    for match in re.finditer(r'^\s*#\s*include\s+("[^"]+"|<[^>]+>)', text, re.M):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def check_banned(path, text, rules, fault):
    excused = EXCEPTIONS.get(path.as_posix(), [])
    for pattern, instead in rules:
        for match in re.finditer(pattern, text):
            if not any(word in match.group(0) for word in excused):
                fault(path, text.count("\n", 0, match.start()) + 1, f"{match.group(0).strip()}: {instead}")


def check_code(path, text, fault):
    lines = text.splitlines()
    code = strip_comments_and_strings(text)
    check_size(path, lines, fault)
    check_functions(path, code, fault)
    check_includes(path, text, fault)
    if path.suffix == ".h" and "#pragma once" not in lines:
        fault(path, 1, "a header begins with #pragma once")
    if path.parts[0] == "lib" and path.parts[1] != "io":
        rules = [rule for rule in BANNED_IN_ENGINE if path.parts[1] != "cli" or "only lib/cli" not in rule[1]]
        check_banned(path, code, rules, fault)
    if not is_test(path):
        check_banned(path, code, BANNED_EVERYWHERE, fault)


def check_readme(root, fault):
    """The first program of the README is examples/quickstart.cc, which the tests compile and run."""
    readme = root / "README.md"
    program = root / "examples/quickstart.cc"
    if not readme.exists() or not program.exists():
        return
    blocks = re.findall(r"^```cpp\n(.*?)^```", readme.read_text(), re.S | re.M)
    if not blocks or blocks[0] != program.read_text():
        fault(pathlib.Path("README.md"), 1, "the first program differs from examples/quickstart.cc: copy it")
    if len(program.read_text().splitlines()) > 60:
        fault(pathlib.Path("examples/quickstart.cc"), 1, "more than 60 lines: a reader copies it, so shorten it")


def check_layer_readmes(root, fault):
    for layer in LAYERS:
        folder = root / "lib" / layer
        if any(folder.glob("*.cc")) and not (folder / "README.md").exists():
            fault(pathlib.Path("lib") / layer, 1, "has no README.md: say what it is for and where to start reading")


def files(root):
    yield from (path for path in sorted(root.glob("*.*")) if path.is_file())
    for folder in FOLDERS:
        yield from (path for path in sorted((root / folder).rglob("*")) if path.is_file())


def lint(root):
    faults = []

    def fault(path, line, message):
        faults.append(f"{path.as_posix()}:{line}: {message}")

    for file in files(root):
        path = file.relative_to(root)
        if file.suffix not in TEXT and file.parent.name != ".ci" or "__pycache__" in path.parts:
            continue
        text = file.read_text(encoding="utf-8")
        check_banned(path, text, BANNED_TEXT, fault)
        if text.startswith("#!") and not os.access(file, os.X_OK):
            fault(path, 1, "a script must be executable: chmod +x")
        if file.suffix in CODE:
            check_code(path, text, fault)
    check_readme(root, fault)
    check_layer_readmes(root, fault)
    return faults


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    faults = lint(root)
    for line in faults:
        print(line)
    print(f"lint: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
