#!/usr/bin/env bash
# The tests of the C core under a sanitizer, or a debug build of CPython.
#
#   tests/sanitize.sh address|thread|refcounts PYTHON [pytest's arguments]
#
# address: AddressSanitizer and UndefinedBehaviorSanitizer. thread: ThreadSanitizer. refcounts: with
# DEBUG_PYTHON, by default pythonX.Y-dbg (Debian's package of that name), which counts references and
# checks what it is called with.
# PYTHON has the tests' packages installed. The extension is built from a copy of the source, into a
# venv of its own under build/, which borrows those packages. CPython itself is not instrumented: what
# is seen are the accesses of pykcov's C, and what pthread and libc do for both.
#
# Not under either: tests that switch greenlets, whose stacks sanitizers can't follow; those that live
# on signals at a rate that they can't keep up with; those that need memory or threads by the thousand.
#
# Not under ThreadSanitizer:
#   tests of forks    a child of a process with threads has their state and not them: it may wait for
#                     ever, in the sanitizer's own locks. So test_fork.py is left out, and so is
#                     tests/conformance, which forks in every second test
#   test_buffers.py   one thread, and memory that is made and dropped by the thousand
#   scribblers        another thread or process writes into the area without a lock. That is what the
#                     tests are for: a client may, and the probe's loads and stores are atomic (area.h)
#   CPython's memory  races within libpython go unseen: it has not been compiled for it
set -euo pipefail

kind=$1
python=$(command -v "$2")
shift 2
cd "$(dirname "$0")/.."
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
root=$PWD/build/sanitize-$kind-$version
source=$root/source
reports=$root/reports
before=(env)
alone=() # what runs in a process of its own

case $kind in
address)
    flags='-fsanitize=address,undefined -fno-sanitize-recover=all'
    library=libasan.so
    alone=(tests/conformance tests/unit/test_fork.py)
    tests=(tests/unit/test_{answers,blocks,buffers,comparison_behaviour,comparison_records,counters}.py
        tests/unit/test_{coverage,embedding,probe,saved,sections,task,threads,tracing,unique}.py)
    ;;
thread)
    flags='-fsanitize=thread'
    library=libtsan.so
    # Its shadow memory has to lie where it expects it, which newer kernels' randomization prevents.
    before=(setarch -R)
    tests=(tests/unit/test_{embedding,idle,sections,suspending,task,threads,tracing}.py)
    ;;
refcounts)
    flags=
    debug=$(command -v "${DEBUG_PYTHON:-python$version-dbg}") \
        || { echo "skipped: no debug build of CPython $version (apt-get install python$version-dbg)"; exit 0; }
    python=$debug
    # test_embedding.py: an assertion of 3.11 wants a thread state to stay on the thread that made it.
    alone=(tests/unit/test_fork.py)
    tests=(tests/unit/test_{buffers,comparison_records,counters,probe,refcounts}.py
        tests/unit/test_{sections,task,threads,tracing,unique}.py)
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

rm -rf "$root"
mkdir -p "$source" "$reports"
cp -r src pyproject.toml setup.py README.md LICENSE "$source"
rm -f "$source"/src/pykcov/*/*.so
"$python" -m venv --without-pip "$root/venv"
site=$("$root/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
echo "$packages" > "$site/tests-packages.pth"

export PYKCOV_CFLAGS="$flags -fno-omit-frame-pointer -O1 -g"
export PYKCOV_LDFLAGS="$flags"
"$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --target "$site" "$source"

# Object memory comes from malloc, so that a use after free is seen. Children of the tests report,
# too, and may die of it unnoticed: hence the files.
# libasan looks for the functions that it stands in for when it is loaded: so libstdc++, which greenlet
# needs, is loaded before.
if [ "$kind" != refcounts ]; then
    export LD_PRELOAD PYTHONMALLOC=malloc
    LD_PRELOAD="$("${CC:-gcc}" -print-file-name=$library) $("${CC:-gcc}" -print-file-name=libstdc++.so.6)"
fi
export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:log_path=$reports/asan"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports/ubsan"
export TSAN_OPTIONS="die_after_fork=0:exitcode=0:log_path=$reports/tsan"

"${before[@]}" "$root/venv/bin/python" -c '
import sys, pykcov.probe._core as core
assert core.__file__.startswith(sys.argv[1]), core.__file__' "$site"
if [ "$kind" = thread ]; then # does it see a race that is one?
    echo 'int x; void race(void) { for (int i = 0; i < 100000000; i++) x++; }' > "$root/race.c"
    LD_PRELOAD= "${CC:-gcc}" $flags -shared -fPIC -o "$root/race.so" "$root/race.c"
    "${before[@]}" "$root/venv/bin/python" -c '
import ctypes, sys, threading
threads = [threading.Thread(target=ctypes.CDLL(sys.argv[1]).race) for _ in range(2)]
[thread.start() for thread in threads], [thread.join() for thread in threads]' "$root/race.so"
    grep -q 'data race' "$reports"/tsan* || { echo "ThreadSanitizer sees nothing here"; exit 1; }
    rm "$reports"/tsan*
fi

status=0
run() {
    timeout -k 10 "$limit" "${before[@]}" \
        "$root/venv/bin/python" -m pytest -q -p no:cacheprovider "$@" \
        --deselect tests/unit/test_fork.py::test_fork_in_a_thread # while another one may allocate
}
# libasan does not release its allocator's locks in a forked child: one that is forked while another
# thread allocates may wait for ever (gcc 12). So the tests of forks run in a process of their own, where
# other tests have left no threads, and what does not end in a time that is long enough is tried again.
limit=300
attempt() {
    local result=0 tries
    for tries in 1 2 3; do
        result=0
        run "$@" || result=$?
        [ "$result" = 124 ] || [ "$result" = 137 ] || break
        echo "== no end after $limit s, try $tries of 3"
    done
    [ "$result" = 0 ] || status=$result
}
if [ $# != 0 ]; then
    attempt "$@"
else
    for test in "${alone[@]}"; do attempt "$test"; done
    attempt "${tests[@]}"
fi

for report in "$reports"/*; do
    [ -e "$report" ] || continue
    status=1
    echo "== $report"
    cat "$report"
done
exit "$status"
