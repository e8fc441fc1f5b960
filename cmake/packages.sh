#!/bin/sh
# packages.sh [all|peers]: installs the Debian packages that Stoa needs and that are missing. Without an argument those
# for the library and the examples; with `all` also those for tests, benchmarks and checks; with `peers` also the other
# engines that benchmarks can run, and what draws their report. With nothing missing it does nothing and needs no rights.
set -eu
export LC_ALL=C

packages="g++ cmake ninja-build pkg-config libabsl-dev libzstd-dev libxxhash-dev"
if [ "${1:-}" = all ] || [ "${1:-}" = peers ]; then
  packages="$packages catch2 libbenchmark-dev librocksdb-dev python3 zstd"
  # Debian 13 has no clang 14. Formatting is then not checked: every clang-format has its own idea of it.
  case $(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-}") in
    trixie | forky | sid) packages="$packages clang libclang-rt-dev" ;;
    *) packages="$packages clang-14 clang-format-14 libclang-rt-14-dev" ;;
  esac
fi
if [ "${1:-}" = peers ]; then
  packages="$packages libleveldb-dev liblmdb-dev libwiredtiger-dev python3-matplotlib"
fi

if ! command -v apt-get >/dev/null; then
  echo "packages.sh: no apt-get here; the Debian packages needed are: $packages" >&2
  exit 0
fi

missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "packages.sh: run as root: apt-get install$missing" >&2; exit 1; }
  sudo=sudo
fi

install() {
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 $missing </dev/null
}

echo "packages.sh: installing$missing"
# A fresh machine has no package lists, an old one has lists of files that are gone; only then are they fetched.
install || { $sudo apt-get update -q </dev/null && install; }
