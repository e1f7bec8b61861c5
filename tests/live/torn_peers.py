#!/usr/bin/env python3
"""What minidump-stackwalk and Delve say of Windows dumps with an overwritten word: fixtures/cases with expect.json.

usage: torn_peers.py [--table FILE] [CASE…]

Asked of each: does its output hold the true return address of the damaged frame, does it show that frame's callers down
to where the goroutine began, and does it say what is wrong with the word. minidump-stackwalk is installed into
build/peers by cargo, Delve by go; what is missing is left out. --table writes the table into FILE, between its
<!-- torn-peers --> marks.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent)]
import peer
import peer_delve
import tap

MARKERS = re.compile(r'(<!-- torn-peers -->\n).*?(<!-- /torn-peers -->)', re.S)
TORN = ('torn-pc', 'torn-return', 'smashed-return', 'bp-chain')
SECONDS = 60


def stackwalk_program():
    program = peer.FOLDER / 'bin/minidump-stackwalk'
    if not program.exists():
        done = subprocess.run(['cargo', 'install', 'minidump-stackwalk', '--root', peer.FOLDER], capture_output=True, text=True)
        if done.returncode:
            raise peer.Missing(done.stderr.strip().splitlines()[-1])
    return program


def stackwalk(program, dump, _):
    """What it says, as (text, stacks, remarks)."""
    done = peer.run([program, '--json', dump], seconds=SECONDS)
    if done.status != 0:
        return '', [], [peer.last_words(done)]
    report = json.loads(done.out)
    flips = [flip['address'] for flip in (report.get('crash_info') or {}).get('possible_bit_flips') or ()]
    stacks = [[frame.get('function') or '' for frame in thread['frames']] for thread in report['threads']]
    said = done.out if not flips else done.out.replace('possible_bit_flips', '')
    return said, stacks, [f'"possible bit flip" of {int(flip, 16):#x}' for flip in flips]


def delve(program, dump, exe):
    done = peer.run(peer_delve.command(program, dump, exe), peer_delve.PEER.stdin, SECONDS)
    answer = peer_delve.read(done)
    text = ' '.join(f'{frame.pc:#x}' for goroutine in answer.goroutines for frame in goroutine.frames if frame.pc)
    return text, [[frame.function for frame in goroutine.frames] for goroutine in answer.goroutines], answer.messages


def tornstack(program, dump, exe):
    done = tap.Run(dump, '--exe', exe, '--json')
    finding = tap.verdict_finding(done.report) or {}
    stacks = [[frame['function'] or '' for frame in goroutine['frames']] for goroutine in done.report['goroutines']]
    return json.dumps(done.report), stacks, [f'{finding["certainty"]} {finding["rule"]}' if finding else 'no finding']


PEERS = {'tornstack': (lambda: tap.TORNSTACK, tornstack), 'minidump-stackwalk': (stackwalk_program, stackwalk),
         'Delve': (peer_delve.PEER.find, delve)}


def plain(path, folder):
    """A file as it is, uncompressed: the peers read no other."""
    target = pathlib.Path(folder) / path.name.removesuffix('.zst')
    subprocess.run(['zstd', '-dqf', path.resolve(), '-o', target], check=True)
    return target


def line_of(ask, program, folder, expect):
    with tempfile.TemporaryDirectory() as scratch:
        dump, exe = plain(folder / 'dump.zst', scratch), plain(folder / 'exe.zst', scratch)
        text, stacks, remarks = ask(program, dump, exe)
    function = expect.get('function', 'main.walk')
    whole = any(function in stack and 'runtime.goexit' in stack[stack.index(function):] for stack in stacks)
    names = expect['repaired'] in text or f'0x{int(expect["repaired"], 16):016x}' in text
    return 'yes' if names else 'no', 'yes' if whole else 'no', '; '.join(dict.fromkeys(remarks)) or 'nothing'


def rows(cases):
    for name, (find, ask) in PEERS.items():
        try:
            program = find()
        except (peer.Missing, OSError) as missing:
            print(f'{name}: left out: {missing}')
            continue
        for case in cases:
            expect = tap.expectation(case.name)
            if expect.get('rule') in TORN and (case / 'exe.zst').exists():
                yield [case.name, name, *line_of(ask, program, case, expect)]


def table(lines):
    head = ['dump', 'tool', 'names the true word', 'callers to goexit', 'says of the damage']
    date = datetime.datetime.fromtimestamp(float(os.environ.get('SOURCE_DATE_EPOCH', datetime.datetime.now().timestamp())),
                                           datetime.timezone.utc).date()
    text = [f'{date}, `tests/live/torn_peers.py`:', '', *(f'| {" | ".join(line)} |' for line in
                                                         [head, ['---'] * len(head), *sorted(lines)])]
    return '\n'.join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--table', type=pathlib.Path)
    parser.add_argument('cases', nargs='*', type=pathlib.Path, default=sorted(tap.CASES.glob('windows-*')))
    options = parser.parse_args()
    text = table(list(rows(options.cases)))
    print(text)
    if options.table:
        before = options.table.read_text(encoding='utf-8')
        options.table.write_text(MARKERS.sub(lambda match: f'{match.group(1)}\n{text}\n\n{match.group(2)}', before),
                                 encoding='utf-8')


if __name__ == '__main__':
    main()
