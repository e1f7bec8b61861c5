#!/usr/bin/env python3
"""The machine lets it down: memory runs out at each allocation in turn, system calls fail, are interrupted or do a part of what
was asked, descriptors are closed, limits are low, files grow or are replaced while they are read, the clock steps, two hundred
runs share the machine. What comes out is the same report, or a reason and status 1: never a signal, never another report.
A sample of the allocations; all with HOSTILE=full (make check-faults)."""
import concurrent.futures
import errno
import functools
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import threading

import dump_file
import tap

FAIL = tap.BUILD / 'tests/faults/fail.so' # see fail.c
SANITIZED = tap.BUILD.name in ('asan', 'tsan') # they stand at the same place, and have memory of their own
ALL, EACH, SAMPLES = tap.FULL, 24, 12 # allocations that fail: the first ones each, then so many of the others
TOGETHER = 200
PATIENCE = 400 # libdwarf may turn in circles without memory: its child is ended after 90 s, each time that it is asked
CALLS = ('read', 'pread', 'pread64', 'write', 'pwrite', 'send', 'fstat', 'stat', 'lseek', 'ftruncate', 'mmap', 'madvise',
         'memfd_create', 'mkstemp', 'rename', 'poll', 'fork', 'waitpid', 'socketpair', 'pthread_create', 'open')
PARTIAL = ('read', 'pread', 'pread64', 'write', 'pwrite', 'send')
RESTARTED = ('read', 'write', 'pwrite', 'send', 'poll', 'waitpid', 'open')
NEVER = 1 << 40
LOADER = 127
ONE_PROCESS = ['--no-sandbox']
OUTPUT = 'OUTPUT' # stands for a file of its own in each run


def case_args(case):
    return [str(arg) for arg in tap.case_args(case)]


def future(folder):
    """A program of a release that no table knows: its DWARF is read. (As golden/test_future.py makes it.)"""
    paths = []
    for name in ('dump', 'exe'):
        path = dump_file.unpacked(tap.CASES / f'amd64-panic/{name}.zst', folder)
        path.write_bytes(path.read_bytes().replace(b'go1.27.4', b'go1.99.9'))
        paths.append(str(path))
    return [paths[0], '--exe', paths[1], '--sysroot', folder]


def archive(folder):
    path = pathlib.Path(folder) / 'two.tar.gz'
    for name in ('one', 'two'):
        shutil.copy(tap.CASES / 'amd64-quit-stripped/exe.zst', pathlib.Path(folder) / name)
    subprocess.run(['tar', 'czf', str(path), '-C', folder, 'one', 'two'], check=True)
    return str(path)


def kinds(folder):
    """Six kinds of run. One thread each, so that the same call is always the same."""
    runs = {
        'text': case_args('amd64-late-crash-stripped'),
        'JSON, all goroutines': [*case_args('arm64-nonleaf-unwind'), '--json', '--goroutines=all'],
        'DWARF': [*future(folder), '--json'],
        'minidump': [*case_args('windows-amd64-panic'), '--json'],
        'goroutines': ['goroutines', *case_args('amd64-cgo'), '--state=chan', '-v'],
        'scan': ['scan', '--json', archive(folder)],
    }
    return {name: [*args, '-j1'] for name, args in runs.items()}


class Ended:
    def __init__(self, args, plan=None, count=None, **more):
        environment = tap.environment_of()
        if plan:
            environment.update(LD_PRELOAD=str(FAIL), FAIL=plan)
        if count:
            environment['FAIL_COUNT'] = str(count)
        try:
            done = subprocess.run([str(tap.TORNSTACK), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=environment, timeout=PATIENCE, **more)
            self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
            if '-o' in args:
                self.out += self.written(pathlib.Path(args[args.index('-o') + 1]))
        except subprocess.TimeoutExpired:
            self.status, self.out, self.err = None, b'', b''

    @staticmethod
    def written(path):
        """What a run wrote to a file, which is taken away."""
        content = path.read_bytes() if path.exists() else b''
        path.unlink(missing_ok=True)
        return content

    def wrong(self, sound, args):
        """None: the same report, or a reason. A scan's reason may stand in its report. DWARF that cannot be read,
        for whatever reason, is said, and costs certainty: nothing is certain that was not."""
        if self.status == sound.status and self.out == sound.out:
            return None
        if self.status == 0 and b'DWARF of ' in self.out and b' could not be read: ' in self.out:
            return None if self.certain() <= sound.certain() else f'without DWARF it is certain of another: {self.certain()}'
        if self.status == 1 and (self.err.strip() or (args[0] == 'scan' and self.failures())):
            return None if not self.out or '--json' not in args or self.is_json() else 'its JSON is cut short'
        if self.status == LOADER and self.err == b'out of memory\n' and not self.out:
            return None # glibc's own loader, which knows no other way, while it loads libarchive
        return f'status {self.status}, {"another report" if self.out != sound.out else "the same report"}: {self.err[-300:]}'

    def certain(self):
        return {(finding['rule'], finding['title']) for finding in json.loads(self.out)['findings'] if finding['certainty'] == 'certain'}

    def is_json(self):
        try:
            return bool(json.loads(self.out))
        except ValueError:
            return False

    def failures(self):
        return self.is_json() and json.loads(self.out)['failures']


def counted(args, call, folder):
    """What a run gives, and how many such calls it makes in one process: the child that it works in otherwise is not counted."""
    path = pathlib.Path(folder) / 'count'
    path.write_text('')
    local = [f'{folder}/sound' if arg == OUTPUT else arg for arg in args]
    Ended([*local, *ONE_PROCESS], f'{call}:{NEVER}:0', path)
    sound = Ended(local)
    return sound, max((int(line) for line in path.read_text().split()), default=0)


def chosen(count):
    if ALL or count <= EACH + SAMPLES:
        return range(1, count + 1)
    return [*range(1, EACH + 1), *range(EACH + 1, count + 1, (count - EACH) // SAMPLES)]


def fail_each(name, args, call, how, folder):
    sound, count = counted(args, call, folder)
    numbers = list(chosen(count))

    def judged(number):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            local = [f'{own}/report' if arg == OUTPUT else arg for arg in args]
            return Ended(local, f'{call}:{number}:{how}').wrong(sound, args)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [f'{number} of {count}: {detail}' for number, detail in zip(numbers, pool.map(judged, numbers)) if detail]
    print(f'# {name}, {call}: {len(numbers)} of {count}')
    return wrong, count


def allocations(runs, folder):
    for name, args in runs.items():
        wrong, count = fail_each(name, args, 'alloc', errno.ENOMEM, folder)
        tap.check(f'{name}: each allocation fails', '\n'.join(wrong) or (None if count else 'none was seen'))
        wrong = [f'from {number} on: {detail}' for number in (1, 10, count // 2) for detail in
                 [Ended(args, f'alloc:{number}+:{errno.ENOMEM}').wrong(counted(args, 'alloc', folder)[0], args)] if detail]
        tap.check(f'{name}: no memory any more', '\n'.join(wrong))


def calls(runs, folder):
    for name in ('JSON, all goroutines', 'DWARF', 'scan'):
        args = [*runs[name], '-o', OUTPUT]
        wrong = []
        for call in CALLS:
            for how in (errno.EIO, errno.ENOSPC if call in ('write', 'pwrite', 'ftruncate') else errno.EMFILE):
                wrong += [f'{call}, {os.strerror(how)}, {one}' for one in fail_each(name, args, call, how, folder)[0]]
        tap.check(f'{name}: system calls fail', '\n'.join(wrong))
        expected = Ended(runs[name])
        wrong = []
        for call in RESTARTED:
            for number in (1, 2, 3):
                detail = Ended(runs[name], f'{call}:{number}:{errno.EINTR}').wrong(expected, runs[name])
                wrong += [f'{call} {number}: {detail}'] if detail else []
        tap.check(f'{name}: system calls are interrupted', '\n'.join(wrong))
        wrong = [f'{call}: {done.err[-200:]}' for call in PARTIAL for plan in (f'{call}:1:short', f'{call}:2:short') for done in
                 [Ended(runs[name], plan)] if done.status or done.wrong(expected, runs[name])]
        tap.check(f'{name}: reads and writes do a part', '\n'.join(wrong))


def clock_steps(runs):
    for name, args in runs.items():
        sound, done = Ended(args), Ended(args, 'clock:1+:step')
        tap.check(f'{name}: the clock steps', None if (done.status, done.out) == (sound.status, sound.out) else 'it differs')


def closed_descriptors(runs, folder):
    output = pathlib.Path(folder) / 'closed'
    for name in ('JSON, all goroutines', 'scan', 'DWARF'):
        args, sound, wrong = runs[name], Ended(runs[name]), []
        for closed in ('<&-', '>&-', '2>&-', '<&- 2>&-', '<&- >&-', '<&- >&- 2>&-'):
            output.unlink(missing_ok=True)
            to_file = '>&-' in closed.split()
            command = [str(tap.TORNSTACK), *args, *(['-o', str(output)] if to_file else [])]
            done = subprocess.run(['sh', '-c', f'exec "$@" {closed}', 'sh', *command], capture_output=True, env=tap.environment_of())
            out = output.read_bytes() if output.exists() else b'' if to_file else done.stdout
            if (done.returncode, out) != (sound.status, sound.out) and done.returncode != 1:
                wrong.append(f'{closed}: status {done.returncode}, {len(out)} bytes')
        done = subprocess.run(['sh', '-c', 'exec "$@" >&-', 'sh', str(tap.TORNSTACK), *args], capture_output=True, env=tap.environment_of())
        if done.returncode != 1 or not done.stderr:
            wrong.append(f'nowhere to write to: status {done.returncode}: {done.stderr}')
        tap.check(f'{name}: closed descriptors', '\n'.join(wrong))


@functools.cache
def starts(kind, value):
    """Whether it starts at all below that limit."""
    return not subprocess.run([str(tap.TORNSTACK), '--version'], capture_output=True, preexec_fn=functools.partial(lower, kind, value)).returncode


def lower(kind, value):
    resource.setrlimit(getattr(resource, f'RLIMIT_{kind}'), (value, value))


def limits(runs):
    megabyte = 1 << 20
    levels = {'AS': [megabyte * n for n in (48, 64, 96, 128, 192, 256, 1024)], 'DATA': [megabyte * n for n in (1, 2, 4, 8, 16, 64)],
              'STACK': [256 << 10, megabyte], 'FSIZE': [0, 4096, megabyte, 8 * megabyte], 'NOFILE': [4, 5, 6, 7, 8, 10, 16],
              'NPROC': [0, 1], 'CORE': [0], 'MEMLOCK': [0], 'RSS': [0], 'SIGPENDING': [0], 'MSGQUEUE': [0], 'CPU': [1]}
    for name, args in runs.items():
        sound, wrong = Ended(args), []
        for kind, values in levels.items():
            for value in () if SANITIZED and kind in ('AS', 'DATA', 'STACK') else values:
                if not starts(kind, value):
                    continue
                detail = Ended(args, preexec_fn=functools.partial(lower, kind, value)).wrong(sound, args)
                wrong += [f'RLIMIT_{kind} {value}: {detail}'] if detail else []
        tap.check(f'{name}: limits', '\n'.join(wrong))


def other_hands(folder):
    """Files that grow, or whose name is given to another file, while they are read: their bytes stay what they were."""
    wrong, stop = [], threading.Event()
    for case in ('amd64-panic', 'windows-amd64-panic'):
        dump, exe = (dump_file.unpacked(tap.CASES / case / f'{name}.zst', folder) for name in ('dump', 'exe'))
        args = [str(dump), '--exe', str(exe), '--sysroot', folder, '--json']
        sound, original = Ended(args), {path: path.read_bytes() for path in (dump, exe)}

        def meddle():
            while not stop.is_set():
                for path in (dump, exe):
                    with open(path, 'ab') as file:
                        file.write(b'\xff' * 4096)
                    other = path.with_suffix('.other')
                    other.write_bytes(original[path])
                    other.rename(path)
        thread = threading.Thread(target=meddle)
        stop.clear()
        thread.start()
        for _ in range(20):
            done = Ended(args)
            report, before = (json.loads(one.out) if one.is_json() else {} for one in (done, sound))
            if done.status == 0:
                report['input']['size'] = before['input']['size'] # it may be larger when it is opened
            if done.status != 1 and report != before:
                wrong.append(f'{case}: status {done.status}, {done.err[-200:]}')
        stop.set()
        thread.join()
    tap.check('files that grow or are replaced', '\n'.join(wrong))


def together(runs):
    args = runs['JSON, all goroutines']
    sound = Ended(args)
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        ended = list(pool.map(lambda _: Ended(args), range(TOGETHER)))
    wrong = [f'status {done.status}: {done.err[-200:]}' for done in ended if (done.status, done.out) != (sound.status, sound.out)]
    tap.check(f'{TOGETHER} runs at once', '\n'.join(wrong[:5]))


def without_children(runs):
    """Where no process can be made the work is done all the same, and that it is not isolated is said."""
    for name in ('text', 'scan'):
        done = Ended(runs[name], 'fork:1+:11')
        tap.check(f'{name}: without children that is said', None if done.status == 0 and
                  b'without its sandbox: no child process can be made' in done.err else f'{done.status} {done.err[-300:]}')
        done = Ended([*runs[name], '--quiet'], 'fork:1+:11')
        tap.check(f'{name}: but not with --quiet', None if done.status == 0 and not done.err else f'{done.status} {done.err[-300:]}')


def main():
    with tempfile.TemporaryDirectory() as folder:
        runs = kinds(folder)
        for name, args in runs.items():
            done = Ended(args)
            tap.check(f'{name}: sound', None if done.status == 0 and done.out else f'{done.status} {done.err}')
        if not SANITIZED:
            allocations(runs, folder)
            calls(runs, folder)
            clock_steps(runs)
            without_children(runs)
        closed_descriptors(runs, folder)
        limits(runs)
        other_hands(folder)
        together(runs)
    tap.finish()


main()
