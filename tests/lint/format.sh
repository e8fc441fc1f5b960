#!/bin/sh
# format.sh [CLANG_FORMAT]: every C++ file is as clang-format leaves it. To mend: clang-format-14 -i FILE
set -eu
cd "$(dirname "$0")/../.."
find include lib tests examples bench \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 "${1:-clang-format-14}" --dry-run --Werror
