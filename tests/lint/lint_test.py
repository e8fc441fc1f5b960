#!/usr/bin/env python3
"""Tests of lint.py: each rule finds a planted fault in a small tree, and a clean tree has none."""

import pathlib
import tempfile
import unittest

import lint


class LintTest(unittest.TestCase):
    def faults(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return lint.lint(root)

    def assert_one(self, files, words):
        faults = self.faults(files)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(words, faults[0])

    def test_clean(self):
        self.assertEqual(self.faults({
            "include/stoa/x.h": "#pragma once\n#include <absl/status/status.h>\n",
            "lib/data/x.h": '#pragma once\n#include "base/hash.h"\n// std::thread, time(NULL)\n',
            "lib/io/x.cc": "std::thread t;\nstd::mutex m;\n", "lib/io/README.md": "x\n",
            "lib/read/x.cc": "auto view = store_.views().Get();\nauto owned = views_.Acquire().share();\nif (F(*views().Get()).empty()) G();\n",
            "lib/read/README.md": "x\n",
            "lib/wal/x.cc": 'const char* s = "std::mutex fopen(";\nint64_t write_time(0);\n', "lib/wal/README.md": "x\n",
        }), [])

    def test_layering(self):
        self.assert_one({"lib/data/x.h": '#pragma once\n#include "wal/log.h"\n'}, "lib/data/x.h:2")
        self.assert_one({"include/stoa/x.h": '#pragma once\n#include "base/hash.h"\n'}, "public header")

    def test_banned_calls(self):
        for call, instead in [("std::thread t;", "Executor"), ("std::mutex m;", "io/sync.h"),
                              ("x = std::chrono::system_clock::now();", "io/clock.h"), ("x = time(nullptr);", "Clock"),
                              ("x = rand();", "io/random.h"), ("std::random_device d;", "IdSource"),
                              ('f = fopen("a", "r");', "FileSystem"), ("::open(p, 0);", "FileSystem"),
                              ("x = store_.views().Get()->Find(t);", "hold the view"),
                              ("for (auto& t : store_.views()\n    .Get()->tables()) F(t);", "hold the view"),
                              ("x = &(*views_.Acquire()).tables();", "hold the view"),
                              ("assert(x);", "STOA_DCHECK"), ("thread_local int x;", "owns")]:
            with self.subTest(call):
                self.assert_one({"lib/wal/x.h": "#pragma once\n" + call + "\n"}, instead)

    def test_function_size(self):
        body = "  x();\n" * 80
        self.assert_one({"lib/wal/x.h": "#pragma once\nvoid F(int a) {\n" + body + "}\n"}, "function of 82 lines")
        self.assert_one({"lib/wal/x.h": "#pragma once\nclass C {\n  int F() const {\n" + body + "}\n};\n"}, "x.h:3")
        self.assertEqual(self.faults({"lib/wal/x.h": "#pragma once\nnamespace a {\n" + "void F() {\n}\n" * 50 + "}\n"}), [])

    def test_file_size(self):
        self.assert_one({"lib/wal/x.h": "#pragma once\n" + "int x;\n" * 1000}, "1001 lines")

    def test_pragma_once(self):
        self.assert_one({"lib/wal/x.h": "int x;\n"}, "#pragma once")

    def test_unfinished_text_and_machine_paths(self):
        self.assert_one({"lib/wal/x.h": "#pragma once\n// TO" + "DO: later\n"}, "finish it")
        self.assert_one({"README.md": "see /ho" + "me/me/x\n"}, "relative")

    def test_readme_program(self):
        program = "int main() {}\n"
        self.assertEqual(self.faults({"README.md": "a\n```cpp\n" + program + "```\n", "examples/quickstart.cc": program}), [])
        self.assert_one({"README.md": "```cpp\nint x;\n```\n", "examples/quickstart.cc": program}, "differs")

    def test_script_must_be_executable(self):
        self.assert_one({"cmake/x.sh": "#!/bin/sh\n"}, "chmod")

    def test_layer_without_readme(self):
        self.assert_one({"lib/wal/x.cc": "int x;\n"}, "README.md")


if __name__ == "__main__":
    unittest.main()
