#!/usr/bin/env python3
"""The crashes of a log are found whatever happened to its text: every mangling (mangle.py) alone, on every kept log and on what the runtime
said in the cases, and every pair that a text may meet: its lines are those of the log, or at least the report is the same, or
losses.py says what is lost. Of the pairs `make check` takes each on one log, by SEED; `make check-manglings` (HOSTILE=full) on all of PAIRED, with the report
of each, and asks whether what losses.py says is still lost."""
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import losses
import mangle
import tap

ROOT = tap.ROOT
ALL = mangle.MANGLINGS | mangle.EXPORTS
LINES = tap.BUILD / 'tests/log/lines'
LARGEST = 40000       # bytes of a log that is mangled
TOLD = ('fixtures/logs/quit/log.txt', 'fixtures/logs/deadlock/log.txt', 'fixtures/logs/restarts/log.txt',
        'fixtures/cases/arm64-asm-frame/expected.traceback')
PAIRED = ('fixtures/logs/chain', 'fixtures/logs/circle', 'fixtures/logs/maps_single', 'fixtures/logs/quit', 'fixtures/logs/race',
          'fixtures/logs/restarts', 'fixtures/cases/amd64-misuse')  # in all pairs
REPORTED = 60         # pairs of a quick run whose whole report is asked for
SEED = int(os.environ.get('SEED', '20'))

# Blanks at the beginning of lines of a panic's value: whether they were a tab is not told.
BLANKS = {'tabs_to_spaces', 'break_tags_one'}


# The envelope of the first line alone: where a line of C begins, which has no known first word, is not told.
ENVELOPE_ONCE = {'first_only', 'event_csv'}


def loss_of(names):
    """What a pair loses; None: nothing."""
    return losses.WHY.get(names)


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


def goroutines(crashes):
    return {line.split()[1] for block in crashes for line in block if line.startswith('goroutine ')}


def without_envelope(block, wanted):
    """With the first line of the wanted block of which it is, but for what stands before: an assertion's of C."""
    first = next((one[0] for one in wanted if one[1:] == block[1:] and ': Assertion `' in one[0] and block[0].endswith(one[0])), block[0])
    return [first, *block[1:]]


def difference(names, wanted, found):
    """Why what was found is not what was wanted; None: it is, or what is missing is known to be lost."""
    wanted = sorted(block for block in wanted for _ in range(copies(names)))
    if loss_of(names):
        made_up = goroutines(found) - goroutines(wanted)
        return f'{made_up} are in no crash' if made_up else None
    if BLANKS & set(names):
        wanted, found = [sorted([line.lstrip() for line in block] for block in side) for side in (wanted, found)]
    if ENVELOPE_ONCE & set(names):
        found = [without_envelope(block, wanted) for block in found]
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


def is_lost(names, wanted, found):
    """Whether lines are not what was wanted, though no crash is made up."""
    return sorted(found) != sorted(block for block in wanted for _ in range(copies(names)))


def anywhere(report):
    """What is said, but for where in the log that stands, and how often: evidence names lines, and two containers print a crash each."""
    crashes = report.get('crashes')
    if crashes:
        kinds = [[str(value) for key, value in crash.items() if key not in ('number', 'first_line', 'last_line')] for crash in crashes['list']]
        report['crashes'] = [list(kind) for kind in sorted(set(map(tuple, kinds)))], [anywhere(one) for one in crashes['reports']]
    report['findings'] = [(finding['rule'], finding['certainty']) for finding in report.get('findings', [])]
    return {key: value for key, value in report.items() if key not in ('input', 'notes')}


def told(path):
    """What tornstack says of a log."""
    run = tap.Run('--json', '--goroutines', 'all', path)
    return anywhere(run.report or {'error': run.err})


def without_blanks(report):
    """With one space for each run of spaces and tabs in what is told."""
    return json.loads(re.sub(r'(\\t| )+', ' ', json.dumps(report)))


def told_difference(names, wanted, found):
    if BLANKS & set(names):
        wanted, found = without_blanks(wanted), without_blanks(found)
    return next((f'{key}: {str(found.get(key))[:200]} instead of {str(wanted[key])[:200]}' for key in wanted if found.get(key) != wanted[key]), None)


class Log:
    """A kept log: its lines, the crashes in it, and what tornstack says of it."""

    def __init__(self, path):
        self.path, self.lines = path, read(path)
        self.name = str(path.relative_to(ROOT))
        self.clean = blocks([path])[str(path)]
        self.told = None

    def report(self):
        self.told = self.told or told(self.path)
        return self.told


def check(log, manglings, reported=()):
    """What is different of one log, by mangling, and which of them lose something. Where lines differ the report decides: an empty line more
    says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {names: pathlib.Path(folder) / '+'.join(names) for names in manglings}
        for names, path in paths.items():
            write(path, log.lines, names)
        found = blocks(paths.values())
        differences, losing = {}, set()
        for names, path in paths.items():
            differences[names] = difference(names, log.clean, found[str(path)])
            if loss_of(names):
                losing |= {names} if is_lost(names, log.clean, found[str(path)]) else set()
            elif differences[names] or names in reported:
                differences[names] = told_difference(names, log.report(), told(path)) and (differences[names] or 'the report is another')
    return differences, losing


def check_alone(logs):
    every = [(name,) for name in [*ALL, *mangle.ENCODINGS]]
    wrong = {names: [] for names in every}
    for log in logs:
        differences, _ = check(log, every)
        for names, why in differences.items():
            wrong[names] += [f'{log.name}: {why}'] if why else []
    tap.check(f'{len(logs)} logs hold crashes', '\n'.join(log.name for log in logs if not log.clean))
    for (name,), why in wrong.items():
        tap.check(f'{name}: the same crashes in {len(logs)} logs', '\n'.join(why[:5]))


def check_told(log):
    """What is told differently of one log, by mangling."""
    differences = {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        for name in mangle.MANGLINGS:
            write(path, log.lines, (name,))
            differences[name] = told_difference((name,), log.report(), told(path))
    wrong = [f'{name}: {why}' for name, why in differences.items() if why]
    tap.check(f'{log.name}: the same report', '\n'.join(wrong[:5]))


def check_pairs(logs):
    """Each pair on one of the logs, or on all."""
    chance, pairs = random.Random(SEED), mangle.pairs()
    by_log = {log: pairs if tap.FULL else [] for log in logs}
    if not tap.FULL:
        for pair in pairs:
            by_log[chance.choice(logs)].append(pair)
    reported = set(pairs if tap.FULL else chance.sample(pairs, REPORTED))
    wrong, lost = {pair: [] for pair in pairs}, set()
    for log, of_log in by_log.items():
        for start in range(0, len(of_log), 200):
            differences, losing = check(log, of_log[start:start + 200], reported)
            lost |= losing
            for pair, why in differences.items():
                wrong[pair] += [f'{log.name}: {why}'] if why else []
    for pair, why in wrong.items():
        loses = loss_of(pair)
        tap.check(f'{pair[0]}, then {pair[1]}: {"no crash that is none; lost: " + loses if loses else "the same"}', '\n'.join(why[:3]))
    if tap.FULL:
        for why in losses.LOST:
            gone = [pair for pair in pairs if loss_of(pair) == why and pair not in lost]
            tap.check(f'still lost: {why}', ', '.join(f'{first}, then {second}: nothing is' for first, second in gone))


def main():
    logs = [Log(path) for path in sorted([*ROOT.glob('fixtures/logs/*/log.txt'), *ROOT.glob('fixtures/cases/*/expected.traceback')])
            if path.stat().st_size <= LARGEST]
    check_alone(logs)
    for path in TOLD:
        check_told(Log(ROOT / path))
    check_pairs([log for log in logs if log.name.rpartition('/')[0] in PAIRED])
    tap.finish()


if __name__ == '__main__':
    main()
