#!/usr/bin/env python3
"""The crashes of a log are found whatever happened to its text: every mangling (mangle.py), on every kept log and on what the runtime
said in the cases, and pairs of manglings. Of the pairs that lose something LOST says what."""
import collections
import itertools
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mangle
import tap

ROOT = tap.ROOT
ALL = mangle.MANGLINGS | mangle.EXPORTS
LINES = tap.BUILD / 'tests/log/lines'
LARGEST = 40000       # bytes of a log that is mangled
PAIRED = ('fixtures/logs/chain/log.txt', 'fixtures/logs/restarts/log.txt', 'fixtures/logs/quit/log.txt',
          'fixtures/cases/amd64-misuse/expected.traceback', 'fixtures/cases/windows-arm64-torn/expected.traceback')
TOLD = ('fixtures/logs/quit/log.txt', 'fixtures/logs/deadlock/log.txt', 'fixtures/cases/arm64-asm-frame/expected.traceback')
SAMPLE = 160          # pairs of a quick run

BROKEN = 'a line that was broken where its envelope stands, or between the columns of a hex dump, is not always put together'
PIECES = 'parts of one line are not put in order'
LOST = {(first, 'wrap'): BROKEN for first in
        ('logrus', 'zap', 'filebeat', 'docker_json', 'docker_json_labels', 'syslog_5424', 'journald', 'github_actions', 'kubectl_prefix',
         'compose', 'one_string', 'one_quoted', 'ansi', 'quote', 'indent', 'containers', 'containers_strings', 'cri', 'cri_partial',
         'syslog')}
# Blanks at the beginning of lines of a panic's value: whether they were a tab is not told.
BLANKS = {'tabs_to_spaces', 'break_tags_one'}
LOST |= {('cri_partial', 'reverse'): PIECES, ('reverse', 'cri_partial'): PIECES}
LOST |= {('reverse', name): 'where the runtime broke off in a line, what stands in it is taken for two lines in their order'
         for name in ('one_string', 'one_quoted')}


def blocks(paths):
    """The crashes of each log, in the order of the file."""
    run = subprocess.run([LINES, *paths], capture_output=True, text=True, errors='surrogateescape', check=True)
    found = {}
    for line in run.stdout.split('\n')[:-1]:
        if line.startswith('=== '):
            of_log = found.setdefault(line[4:], [])
        elif line.startswith('== '):
            of_log.append([])
        else:
            of_log[-1].append(line)
    return found


def read(path):
    return path.read_text(errors='surrogateescape').split('\n')[:-1]


def copies(names):
    product = 1
    for name in names:
        product *= mangle.COPIES.get(name, 1)
    return product


def difference(names, wanted, found):
    """Why what was found is not what was wanted; None: it is, or what is missing is known to be lost."""
    wanted = sorted(block for block in wanted for _ in range(copies(names)))
    if names in LOST:
        headers = {line for block in wanted for line in block if line.startswith('goroutine ')}
        made_up = [line for block in found for line in block if line.startswith('goroutine ') and line not in headers]
        return f'{made_up[0]!r} is in no crash' if made_up else None
    if BLANKS & set(names):
        wanted, found = [sorted([line.lstrip() for line in block] for block in side) for side in (wanted, found)]
    if sorted(found) == wanted:
        return None
    if len(found) != len(wanted):
        return f'{len(found)} crashes instead of {len(wanted)}'
    return next(f'{b!r} instead of {a!r}' for x, y in zip(wanted, sorted(found)) for a, b in itertools.zip_longest(x, y) if a != b)


def write(path, lines, names):
    """What manglings make of lines; the last may be an encoding."""
    encoding = names[-1] if names[-1] in mangle.ENCODINGS else 'utf-8'
    for name in names:
        lines = lines if name in mangle.ENCODINGS else ALL[name](lines)
    path.write_bytes(''.join(line + '\n' for line in lines).encode(encoding, 'surrogatepass' if encoding != 'utf-8' else 'surrogateescape'))


def check(log, manglings):
    """What is different of one log, by mangling."""
    lines, clean = read(log), blocks([log])[str(log)]
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for names in manglings:
            paths[names] = pathlib.Path(folder) / '+'.join(names)
            write(paths[names], lines, names)
        found = blocks(paths.values())
        return {names: difference(names, clean, found[str(path)]) for names, path in paths.items()} | {
            'none': None if clean else 'no crash is found in it'}


def told(path):
    """What tornstack says of a log, but for where in it that stands: evidence names lines."""
    run = tap.Run('--json', '--goroutines', 'all', path)
    report = run.report or {'error': run.err}
    report['findings'] = [(finding['rule'], finding['certainty']) for finding in report.get('findings', [])]
    return {key: value for key, value in report.items() if key not in ('input', 'notes')}


def check_told(log):
    """What is told differently of one log, by mangling."""
    lines, differences = read(log), {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        wanted = told(log)
        for name, mangling in mangle.MANGLINGS.items():
            path.write_text(''.join(line + '\n' for line in mangling(lines)))
            found = told(path)
            differences[name] = next((f'{key}: {str(found.get(key))[:200]} instead of {str(wanted[key])[:200]}' for key in wanted
                                      if found.get(key) != wanted[key]), None)
    return differences


def report(name, log, differences):
    wrong = [f'{names}: {why}' for names, why in differences.items() if why]
    tap.check(name.format(log.relative_to(ROOT)), '\n'.join(wrong[:5]))


def main():
    names = list(mangle.MANGLINGS)
    every = [(name,) for name in [*ALL, *mangle.ENCODINGS]]
    for log in sorted([*ROOT.glob('fixtures/logs/*/log.txt'), *ROOT.glob('fixtures/cases/*/expected.traceback')]):
        if log.stat().st_size <= LARGEST:
            report('{}: every mangling', log, check(log, every))
    for path in TOLD:
        report('{}: the same report', ROOT / path, check_told(ROOT / path))
    pairs = list(itertools.product(names, names))
    if not tap.FULL:
        pairs = random.Random(20).sample(pairs, SAMPLE)
    for path in PAIRED:
        report('{}: pairs of manglings', ROOT / path, check(ROOT / path, pairs))
    tap.finish()


if __name__ == '__main__':
    main()
