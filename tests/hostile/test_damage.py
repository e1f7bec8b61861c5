#!/usr/bin/env python3
"""A damaged dump may lose certainty and never comes to another certain verdict: each case, cut short, and with bytes flipped in its
headers, its notes, Go's tables, and the words and structures that its findings rest on, drawn by a seed (sweep.c). One that is cut
short tells less and never more: no corruption that the whole one lacks, and it is not healthy by itself. A few cases and damages;
with HOSTILE=full (make check-damage) every case, cut at 64ths and at 64 boundaries, and 1,000 flips; SEED, CUTS, FLIPS. What made
another verdict certain once (found.txt) is tried each time."""
import os
import pathlib
import re
import subprocess

import tap

QUICK = ('amd64-c-heap', 'amd64-circle', 'amd64-generated', 'amd64-late-silent-stripped', 'amd64-live', 'amd64-nil', 'amd64-quit-stripped', 'arm64-leaf-unwind',
         'arm64-nonleaf-unwind', 'windows-amd64-late-crash')
FOUND = pathlib.Path(__file__).with_name('found.txt')
SEED = os.environ.get('SEED', '1')
CUTS, FLIPS = (os.environ.get(name) or number for name, number in (('CUTS', '64' if tap.FULL else '8'),
                                                                  ('FLIPS', '1000' if tap.FULL else '60')))


def sweep(case, *which):
    """The number of damages, and what was wrong with their reports."""
    folder = tap.CASES / case
    exe = folder / 'exe.zst'
    done = subprocess.run([str(tap.BUILD / 'tests/hostile/sweep'), str(tap.case_dump(case)), str(exe) if exe.exists() else '-',
                           str(folder / 'expect.json'), *which], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace', env=tap.environment_of())
    runs = sum(int(number) for number in re.findall(r': (\d+) runs, ', done.stdout))
    wrong = [line for line in done.stdout.splitlines() if not line.startswith(('ok', '# slowest'))]
    return runs, '\n'.join(wrong[:60]) or (None if not done.returncode and runs else done.stdout)


def check_found():
    lines = [line for line in FOUND.read_text(encoding='utf-8').splitlines() if line and not line.startswith('#')]
    for line in tap.part_of(lines)[0]:
        case, file, offset, mask = line.split()
        tap.check(f'{case}: {file} at {offset}', sweep(case, 'at', file, offset, mask)[1])


def main():
    check_found()
    for case in sorted(path.parent.name for path in tap.CASES.glob('*/expect.json')) if tap.FULL else QUICK:
        runs, wrong = sweep(case, SEED, CUTS, FLIPS)
        tap.check(f'{case}: {runs} damages', wrong)
    tap.finish()


main()
