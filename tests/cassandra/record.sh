#!/usr/bin/env bash
# Records the transcripts anew. Usage: record.sh [FAMILY [HISTORIES]]; the family "all" is
# everything, "facts" the files without histories.
set -euo pipefail
cd "$(dirname "$0")"

mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=target/classpath

options=(-Xmx3g)
for package in java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch \
    java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server; do
  options+=(--add-exports "$package=ALL-UNNAMED")
done
for package in java.base/java.io java.base/java.lang java.base/java.lang.module java.base/java.nio java.base/java.util \
    java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader \
    java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.ref java.base/jdk.internal.reflect \
    java.base/jdk.internal.util.jar java.base/sun.nio.ch jdk.management.jfr/jdk.management.jfr \
    jdk.management/com.sun.management.internal; do
  options+=(--add-opens "$package=ALL-UNNAMED")
done

rm -rf target/recording
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
java "${options[@]}" -cp "target/classes:$(cat target/classpath)" recorder.Main "$data" target/recording "$@"

mkdir -p transcripts
for file in target/recording/*.txt; do
  zstd -19 -q -f "$file" -o "transcripts/$(basename "$file").zst"
done
python3 check.py
