#!/usr/bin/env python3
"""Counts split adjustments of SP in an arm64 executable, with objdump alone: two neighbouring instructions that both add a
constant to SP, or both subtract one. This shares nothing with tornstack: no tables of Go, no decoder, no simulation.

usage: count_splits.py FILE [SCAN.json]     SCAN.json: what `tornstack scan --json FILE` printed

Without SCAN.json it prints the count. With it, each place that only one of the two has, and why. objdump does not know
functions, so places in C code are its own; a place where Go's tables do follow SP in two steps, as in assembly that moves
it twice by intent, is no tear.
"""
import json
import re
import subprocess
import sys

OBJDUMP = 'aarch64-linux-gnu-objdump'
MOVE = re.compile(r'^\s*([0-9a-f]+):\s+[0-9a-f]{8}\s+(add|sub)\s+sp, sp, #0x([0-9a-f]+)(, lsl #12)?')
LINE = re.compile(r'^\s*([0-9a-f]+):\s')


def split_places(path):
    """{address of the second instruction: (add or sub, bytes of the first, bytes of the second)}"""
    places = {}
    before = None
    text = subprocess.Popen([OBJDUMP, '-d', '-z', path], stdout=subprocess.PIPE, text=True, errors='replace')
    for line in text.stdout:
        move = MOVE.match(line)
        if not move:
            before = None if LINE.match(line) else before
            continue
        address, size = int(move[1], 16), int(move[3], 16) << (12 if move[4] else 0)
        if before and before[0] + 4 == address and before[1] == move[2]:
            places[address] = (move[2], before[2], size)
        before = (address, move[2], size)
    if text.wait():
        sys.exit(f'{OBJDUMP} failed')
    return places


def scanned_places(report):
    """{address: finding} of rule split-sp."""
    return {int(finding['pc'], 16): finding for binary in report['binaries'] for finding in binary['findings']
            if finding['rule'] == 'split-sp'}


def disagreement(counted, scanned):
    """What only one has, and places where the two differ in bytes."""
    only_counted = {at: counted[at] for at in counted if at not in scanned}
    only_scanned = {at: scanned[at] for at in scanned if at not in counted}
    wrong = {}
    for at in counted.keys() & scanned.keys():
        kind, first, _ = counted[at]
        if scanned[at]['sp_error'] != (first if kind == 'add' else -first):
            wrong[at] = (counted[at], scanned[at]['sp_error'])
    return only_counted, only_scanned, wrong


def main():
    counted = split_places(sys.argv[1])
    print(f'{len(counted)} pairs by objdump')
    if len(sys.argv) < 3:
        return
    with open(sys.argv[2], encoding='utf-8') as file:
        scanned = scanned_places(json.load(file))
    print(f'{len(scanned)} places by tornstack, {sum(f["preemptible"] for f in scanned.values())} of them preemptible')
    only_counted, only_scanned, wrong = disagreement(counted, scanned)
    for at, pair in sorted(only_counted.items()):
        print(f'objdump only:   {at:#x} {pair}')
    for at, finding in sorted(only_scanned.items()):
        print(f'tornstack only: {at:#x} {finding["function"]} {finding["sp_error"]}')
    for at, both in sorted(wrong.items()):
        print(f'differ: {at:#x} {both}')


if __name__ == '__main__':
    main()
