#!/usr/bin/env python3
"""Logs made to cost much: four times as many bytes may not cost much more than four times as much, whatever they repeat; and nothing
in them ends the program (under a sanitizer that alone is asked, of the smaller ones)."""
import json
import os
import pathlib
import random
import resource
import subprocess
import tempfile

import tap
import validate_report
from costs import SANITIZED

LINES = tap.BUILD / 'tests/log/lines'
BYTES = 1 << 20 if not tap.FULL else 8 << 20
G = 'goroutine 1 [running]:'
FRAME = 'main.f()\n\t/x.go:1 +0x1\n'
CRI = '2026-11-28T12:00:00Z stderr '


def nested(size):
    text = G
    while len(text) < size / 2 and text.count('\\') < size / 4:
        text = json.dumps({'log': text + '\n'})
    return text


def anything(size):
    chance = random.Random(size)
    parts = ['"', '\\', 'goroutine 1 [', 'panic: ', 'fatal error: ', ' +0x', '\n', '{"log":"', '"}', 'created by ', '\t', ' stderr P ', '#011',
             '&lt;', '\x1b[', '1', 'main.f()', ']:', '\r', '> ', '0x000000c000010000: ']
    return ''.join(chance.choice(parts) for _ in range(size // 6))


SHAPES = {
    'marks in one line': lambda n: f'{G} ' * (n // 23),
    'a string of stacks': lambda n: '{"log":"' + f'{G}\\n' * (n // 24) + '"}\n',
    'a string without end': lambda n: '{"log":"' + G + '\\n' + 'x' * n,
    'strings without end': lambda n: ('{"log":"' + G + '\n') * (n // 31),
    'strings in one line': lambda n: f'"a":"{G}",' * (n // 30),
    'backslashes': lambda n: f'"m":"{G}' + '\\' * n + '"\n',
    'a prefix for each line': lambda n: ''.join(f'{i:x} p{i * 7919 % 99991:x}z {G}\n' for i in range(n // 40)),
    'a sender for each line': lambda n: ''.join(f'[pod-{i:x}q] {G}\n[pod-{i:x}q] main.f()\n' for i in range(n // 60)),
    'a time and a name before each line': lambda n: ''.join(f'2026-11-28T12:{i // 60 % 60:02}:{i % 60:02}Z web-1-7d9f goroutine {i} [select]:\n'
                                                            for i in range(n // 58)),
    'names of files in each line': lambda n: ''.join(f'{i:x}:1:{i:x}:2: {G}\n{i:x}-1-{i:x}-2- x\n' for i in range(n // 60)),
    'an id in each line': lambda n: ''.join(f'{{"id":"{i * 7919:x}q","text":"{G}","pod":"{i % 999:x}"}}\n' for i in range(n // 60)),
    'ids that nearly agree': lambda n: ''.join(f'{"a-" * 500}{"a" * (i % 2)} {G}\n' for i in range(n // 1030)),
    'files in turns': lambda n: ''.join(f'==> {i} <==\n{G}\nmain.f()\n\n' for i in range(n // 48)),
    'strings in strings': nested,
    'colours': lambda n: ('\x1b[' * 40 + f'm{G}\n') * (n // 104),
    'entities': lambda n: ('&amp;' * 50 + f'{G}\n') * (n // 274),
    'goroutines': lambda n: f'{G}\n' * (n // 23),
    'many goroutines': lambda n: ''.join(f'goroutine {i} [running]:\n{FRAME}\n' for i in range(n // 55)),
    'ends': lambda n: 'panic: x\n' * (n // 9),
    'broken-off lines': lambda n: 'main.f(fatal error: x\n' * (n // 22),
    'places': lambda n: '\t/x.go:1 +0x1\n' * (n // 14),
    'calls': lambda n: 'main.f()\n' * (n // 9) + FRAME,
    'full lines': lambda n: ('x.y' * 30 + '\n') * (n // 91) + f'{G}\n{FRAME}',
    'full lines of strings': lambda n: '{"log":"' + G + '","a":"' + 'b' * 61 + '\n' + ('c' * 89 + '\n') * (n // 90),
    'parts': lambda n: f'{CRI}F {G}\n' + f'{CRI}P x\n' * (n // 32),
    'carriage returns': lambda n: f'{G}\r' * (n // 23),
    'numbers of controls': lambda n: '#012' * (n // 4) + G,
    'creators': lambda n: 'created by ' * (n // 11),
    'offsets': lambda n: ' +0x1' * (n // 5),
    'empty lines': lambda n: '\n' * n + f'{G}\n{FRAME}',
    'anything': anything,
}
LONG_BYTES = 32 << 20 # what is looked at in pieces shows its cost in large ones only
LONG_SHAPES = {
    'one line': lambda n: f'panic: x\n\n{G}\nmain.f(' + 'A' * n + ')\n\t/x.go:1 +0x1\n',
    'one line of far marks': lambda n: ('A' * (1 << 19) + G) * (n >> 19),
}


# Reports of whole crashes: what is kept of each goroutine, crash and frame may not add up to more than a machine has.
MEMORY = 512  # MB
MEMORY_SHAPES = {
    'distinct goroutines': lambda n: 'panic: x\n\n' + ''.join(f'goroutine {i} [running]:\nmain.f{i}()\n\t/a/{i % 977}.go:{i}\n\n' for i in range(1, n // 60)),
    'crashes': lambda n: ''.join(f'panic: x{i}\n\n{G}\nmain.f()\n\t/a.go:{i % 9}\n\n' for i in range(n // 58)),
    'frames': lambda n: ''.join(json.dumps({'log': line + '\n'}) + '\n' for i in range(n // 90) for line in (
        [] if i else ['panic: x', '', G]) + [f'main.f{i}(0x{i:x})', f'\t/src/file{i}.go:{i} +0x{i:x} fp=0x1 sp=0x2 pc=0x{i:x}']),
}
MEMORY_BYTES = 24 << 20


# A service that crashes whenever it is started, and nobody looks for a year: what a report says of so many stays readable.
CRASHES = 100000
LARGEST = {'--color=never': 400_000, '--markdown': 400_000, '--brief': 200_000, '--json': 2_000_000} # bytes of a report


def crashes(name_of):
    return ''.join(f'panic: x{i}\n\n{G}\nmain.{name_of(i)}()\n\t/a.go:{i % 9 + 1} +0x1\nmain.main()\n\t/a.go:9 +0x1\n\n' for i in range(CRASHES))


def crash_loop(folder, name, text):
    path = pathlib.Path(folder) / 'log'
    path.write_text(text)
    for option, most in LARGEST.items():
        done = tap.Run(path, option)
        trouble = done.trouble(0) or (None if len(done.out) < most else f'{len(done.out)} bytes')
        if not trouble and option == '--json':
            trouble = '\n'.join(validate_report.complaints(done.report, None)) or (
                None if done.report['crashes']['total'] == CRASHES else done.report['crashes']['total'])
        tap.check(f'{CRASHES} crashes, {name}: {option}', trouble)


def memory(folder, text):
    """MB of a report; None: it ended otherwise than it should."""
    path = pathlib.Path(folder) / 'log'
    path.write_text(text)
    child = subprocess.Popen([tap.TORNSTACK, '--no-sandbox', path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    return None if status else usage.ru_maxrss >> 10


def cost(folder, text):
    """Seconds of CPU time; None: it ended otherwise than it should."""
    path = pathlib.Path(folder) / 'log'
    path.write_text(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    status = subprocess.run([LINES, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=tap.TIMEOUT).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return None if status else after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, make, size in ([(name, make, BYTES) for name, make in SHAPES.items()] +
                                 [(f'{name}, long', make, LONG_BYTES) for name, make in LONG_SHAPES.items()]):
            small = cost(folder, make(size))
            large = small if SANITIZED else cost(folder, make(4 * size))
            if small is None or large is None:
                tap.check(name, 'it did not end well')
            else:
                tap.check(name, None if large < 10 * small + 0.5 else f'{small:.2f} s, and {large:.2f} s for four times as much')
        for name, make in MEMORY_SHAPES.items():
            used = memory(folder, make(MEMORY_BYTES))
            tap.check(f'{name}, in memory', 'it did not end well' if used is None else None if used < MEMORY else f'{used} MB')
        crash_loop(folder, 'equal', crashes(lambda i: 'f'))
        crash_loop(folder, 'all of them different', crashes(lambda i: 'f' + ''.join(chr(ord('a') + int(digit)) for digit in str(i))))
    tap.finish()


if __name__ == '__main__':
    main()
