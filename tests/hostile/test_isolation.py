#!/usr/bin/env python3
"""The sandbox seen from outside: what strace sees of a run. Once it is entered, nothing is opened, run or connected in it; what
its parent opens for it is what the search for executables and libraries allows. And a report is the same with and without it."""
import pathlib
import re
import subprocess
import tempfile

import tap

QUICK = ('amd64-panic-stripped', 'amd64-cgo', 'amd64-c-heap', 'arm64-nonleaf-unwind', 'windows-amd64-late-crash-stripped')
ENTERED = re.compile(r'seccomp\(SECCOMP_SET_MODE_FILTER, [^,]*, \{len=.* = 0$')
REACHING = re.compile(r'(open|openat|openat2|creat|socket|connect|bind|execve|execveat|ptrace|unlink\w*|rename\w*|mkdir\w*|stat|lstat|'
                      r'access|faccessat\w*|readlink\w*|kill|symlink\w*|link|linkat|truncate|io_uring_\w+)\(')
OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)".* = \d+')
HELD = '/proc/self/fd/' # what a path led to, once it has been looked at
FORK = re.compile(r'(?:clone|clone3|fork|vfork)\(.* = (\d+)$')


def lines_of(log):
    """(pid, call), calls that were interrupted by others put together."""
    begun = {}
    for line in log.read_text(errors='replace').splitlines():
        pid, _, call = line.partition(' ')
        call = call.strip()
        if call.endswith('<unfinished ...>'):
            begun[pid] = call[:-len('<unfinished ...>')]
        elif call.startswith('<... '):
            yield pid, begun.pop(pid, '') + call.partition('resumed>')[2]
        else:
            yield pid, call


def trace(folder, case, *more):
    log = folder / 'log'
    command = ['strace', '-f', '-qq', '-s', '4096', '-o', log, tap.TORNSTACK, *tap.case_args(case), *more]
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True,
                          env=tap.environment_of(TMPDIR=str(folder), ASAN_OPTIONS='detect_leaks=0')) # leaks cannot be looked for under strace
    return done, list(lines_of(log)) if log.exists() else []


def ancestors(calls):
    made = {}
    for pid, call in calls:
        fork = FORK.match(call)
        if fork:
            made[fork[1]] = pid
    return made


def check_case(folder, case):
    done, calls = trace(folder, case, '--json', '--goroutines=all')
    if not tap.check(f'{case}: it was traced', None if done.returncode == 0 and calls else done.stderr.decode()):
        return
    parents, confined, reached, opened, forked = ancestors(calls), set(), [], [], False
    for pid, call in calls:
        inside = pid in confined or parents.get(pid) in confined
        forked |= bool(FORK.match(call))
        if ENTERED.match(call):
            confined.add(pid)
        elif inside:
            confined.add(pid)
            if REACHING.match(call) and not re.search(r' = -1 (EPERM|EACCES)', call):
                reached.append(call)
        elif pid == calls[0][0] and forked and OPENED.match(call):
            opened.append(OPENED.match(call)[1])
    tap.check(f'{case}: somebody was confined', None if confined else 'nobody')
    tap.check(f'{case}: nothing is reached from inside', '\n'.join(reached))
    allowed = [str(path) for path in tap.case_args(case)] + [str(folder)]
    tap.check(f'{case}: only what it was given is opened for it',
              '\n'.join(path for path in opened if path not in allowed and not path.startswith((str(tap.CASES / case), HELD))))
    tap.check(f'{case}: what it was given is opened', None if str(tap.case_dump(case)) in opened else str(opened))


def check_same(case):
    dump, *options = tap.case_args(case)
    runs = [tap.Run(dump, *options, '--json', '--goroutines=all', *more) for more in ((), ('--no-sandbox',))]
    tap.check(f'{case}: the same report', None if runs[0].status == 0 and runs[0].out == runs[1].out and runs[0].err == runs[1].err
              else f'{runs[0].status} {runs[1].status} {runs[0].err}{runs[1].err}')


def main():
    every = sorted(path.parent.name for path in tap.CASES.glob('*/expect.json'))
    cases = every if tap.FULL else QUICK
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tried = subprocess.run(['strace', '-o', '/dev/null', 'true'], capture_output=True, text=True)
        if tried.returncode:
            tap.skip('what is reached from inside', tried.stderr)
        for case in cases:
            if not tried.returncode:
                check_case(folder, case)
            check_same(case)
    tap.finish()


main()
