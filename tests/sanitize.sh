#!/usr/bin/env bash
# The tests of the C core under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   tests/sanitize.sh PYTHON [pytest's arguments]
#
# PYTHON has the tests' packages installed. The extension is built from a copy of the source, into a
# venv of its own under build/, which borrows those packages.
set -euo pipefail

python=$(command -v "$1")
shift
cd "$(dirname "$0")/.."
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
root=$PWD/build/sanitize-$version
source=$root/source
reports=$root/reports

rm -rf "$root"
mkdir -p "$source" "$reports"
cp -r src pyproject.toml setup.py README.md LICENSE "$source"
rm -f "$source"/src/pykcov/*/*.so
"$python" -m venv --without-pip "$root/venv"
site=$("$root/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
echo "$packages" > "$site/tests-packages.pth"

flags='-fsanitize=address,undefined'
export PYKCOV_CFLAGS="$flags -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g"
export PYKCOV_LDFLAGS="$flags"
"$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --target "$site" "$source"

# Object memory comes from malloc, so that a use after free is seen. Children of the tests report,
# too, and may die of it unnoticed: hence the files.
# libasan looks for the functions that it stands in for when it is loaded: so libstdc++, which greenlet
# needs, is loaded before.
export LD_PRELOAD
LD_PRELOAD="$("${CC:-gcc}" -print-file-name=libasan.so) $("${CC:-gcc}" -print-file-name=libstdc++.so.6)"
export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:log_path=$reports/asan"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports/ubsan"
export PYTHONMALLOC=malloc

"$root/venv/bin/python" -c '
import sys, pykcov.probe._core as core
assert core.__file__.startswith(sys.argv[1]), core.__file__' "$site"

status=0
# Not the tests that switch greenlets, whose stacks the sanitizer can't follow, nor those that live on
# signals at a rate that it can't keep up with.
if [ $# = 0 ]; then
    set -- tests/conformance \
        tests/unit/test_{blocks,buffers,comparison_behaviour,comparison_records,counters,coverage,embedding,fork}.py \
        tests/unit/test_{probe,saved,sections,task,threads,tracing,unique}.py
fi
run() { timeout -k 10 "$limit" "$root/venv/bin/python" -m pytest -q -p no:cacheprovider "$@"; }
# libasan does not release its allocator's locks in a forked child: one that is forked while another
# thread allocates may wait for ever (gcc 12). It takes two minutes otherwise; so: once more.
limit=300
run "$@" || status=$?
if [ "$status" = 124 ] || [ "$status" = 137 ]; then
    echo "== no end after $limit s: once more"
    status=0
    run "$@" || status=$?
fi

for report in "$reports"/*; do
    [ -e "$report" ] || continue
    status=1
    echo "== $report"
    cat "$report"
done
exit "$status"
