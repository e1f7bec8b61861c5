#!/usr/bin/env python3
"""Planted evidence fools nobody: each of fixtures/forgeries is a case in which somebody wrote a few words (fixtures/src/forge.py).
What it tries to have said is not certain, and nothing is that is not true of the case without them."""
import functools
import json
import pathlib
import tempfile

import dump_file
import tap

FORGERIES = tap.ROOT / 'fixtures/forgeries'


def forged(path, changes):
    """Writes the changes into a file, each over what it says was there."""
    data = bytearray(path.read_bytes())
    for change in changes:
        at, old, new = int(change['offset'], 16), bytes.fromhex(change['from']), bytes.fromhex(change['to'])
        assert data[at:at + len(old)] == old and len(old) == len(new), f'{path}: {change["what"]} is not what it was'
        data[at:at + len(new)] = new
    path.write_bytes(data)
    return path


def certain(report):
    return [finding for finding in report['findings'] if finding['certainty'] == 'certain']


@functools.cache
def truths_of(case):
    """What is true of the case as it is, by its expectation and by its own report."""
    expect = tap.expectation(case)
    told = [expect, *expect.get('also', []), *expect.get('may', [])]
    return [truth for truth in told if truth.get('rule')] + certain(tap.Run(*tap.case_args(case), '--json').report)


def judge(forgery, folder):
    """What is wrong with what is said, or None."""
    case = forgery['of']
    args = tap.case_args(case)
    truths = truths_of(case)
    args[0] = forged(dump_file.unpacked(args[0], folder), forgery.get('dump', []))
    if '--exe' in args:
        args[2] = forged(dump_file.unpacked(args[2], folder), forgery.get('exe', []))
    run = tap.Run(*args, '--json')
    if run.trouble(0):
        return run.trouble(0)
    for finding in certain(run.report):
        if finding['rule'] in forgery['never_certain'] or not any(tap.holds(finding, truth) for truth in truths):
            return f'{finding["rule"]}: {finding["title"]}'
    likely = [finding['rule'] for finding in run.report['findings'] if finding['certainty'] == 'likely']
    print(f'# {case}: {run.report["verdict"]["certainty"]} {run.report["verdict"]["rule"]}, likely {likely}')
    return None


def main():
    paths = sorted(FORGERIES.glob('*.json'))
    tap.check('forty of them', None if len(paths) >= 40 else len(paths))
    for path in paths:
        forgery = json.loads(path.read_text())
        with tempfile.TemporaryDirectory() as folder:
            tap.check(f'{path.stem}: {forgery["tries"]}', judge(forgery, pathlib.Path(folder)))
    tap.finish()


main()
