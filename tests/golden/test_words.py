#!/usr/bin/env python3
"""Words that every report keeps to: plurals, sizes, what goroutines do by count, labels of groups, lists that fit; and a reader that
has enough is no error."""
import os
import re
import subprocess

import tap

UNKNOWN = 'amd64-near-illegal'
HEALTHY = 'amd64-live'
WRAPPED = 'arm64-nonleaf-unwind'  # its goroutines began in main.main.gowrap1
COLUMNS = 80

ONE = re.compile(r'(?<![\d.,:])1 (threads|goroutines|frames|groups|bytes|words|places|executables|Ms|locks|channels|turns)\b')
DECIMAL = re.compile(r'\d (KB|MB|TB)\b')


def texts():
    for path in sorted(tap.CASES.glob('*/expected*.txt')):
        yield path, ' '.join(path.read_text(encoding='utf-8').split())


def plurals_and_sizes():
    for name, pattern in (('one of a thing is not many', ONE), ('sizes are told in KiB, MiB, GiB', DECIMAL)):
        found = [f'{path.parent.name}: {match.group(0)}' for path, text in texts() for match in pattern.finditer(text)]
        tap.check(name, '\n'.join(found))


def counts(text):
    """[(count, words)] behind "N goroutines:", and N."""
    told = re.search(r'([\d,]+) goroutines?: (.*?)\.(?: |$)', text)
    parts = re.findall(r'([\d,]+) ([a-zA-Z ]+)', told.group(2)) if told else []
    return int(told.group(1).replace(',', '')) if told else None, [(int(n.replace(',', '')), words) for n, words in parts]


def states():
    for case, where in ((UNKNOWN, lambda report: report['verdict']['headline']),
                        (HEALTHY, lambda report: ' '.join(report['verdict']['narrative']))):
        done = tap.Run(*tap.case_args(case), '--json', '--goroutines=all')
        if not tap.check(f'{case}: analysed', done.trouble(0)):
            continue
        total, parts = counts(where(done.report))
        tap.check(f'{case}: the states make up all goroutines', None if total == len(done.report['goroutines']) ==
                  sum(count for count, _ in parts) else f'{where(done.report)}')
        running = sum(one['status'] == 'running' for one in done.report['goroutines'])
        tap.check(f'{case}: running', None if dict((words, count) for count, words in parts).get('running', 0) == running
                  else f'{parts}, {running} running')


def labels():
    stacks = tap.Run('goroutines', *tap.case_args(WRAPPED)).out.decode()
    tap.check('stacks have wrappers of go statements', None if 'gowrap' in stacks else stacks)
    groups = tap.Run(*tap.case_args(WRAPPED), '--goroutines=groups').out.decode().split('\nGoroutines: ')[1]
    tap.check('labels of groups name functions of the program', None if 'gowrap' not in groups and 'main.waitReceive' in groups
              else groups)


def lists():
    run = tap.Run('goroutines', '--state=zzz', *tap.case_args(HEALTHY))
    wide = [line for line in run.err.splitlines() if len(line) > COLUMNS and not line.startswith('tornstack')]
    tap.check('a state that there is not', None if run.status == 2 and 'States are:' in run.err else f'{run.status} {run.err}')
    tap.check('the list of states fits', '\n'.join(wide))


def closed_pipe(*args):
    """As `tornstack … | true`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([str(tap.TORNSTACK), *map(str, args)], stdin=subprocess.DEVNULL, stdout=writer,
                              stderr=subprocess.PIPE, env=tap.environment_of(), timeout=tap.TIMEOUT)
    finally:
        os.close(writer)
    tap.check(f'nobody reads: {args[0] if isinstance(args[0], str) else "analyze"}',
              None if done.returncode == 0 and not done.stderr else f'status {done.returncode}: {done.stderr.decode()}')


def main():
    plurals_and_sizes()
    states()
    labels()
    lists()
    closed_pipe(*tap.case_args(HEALTHY))
    closed_pipe(*tap.case_args(HEALTHY), '--json', '--goroutines=all')
    closed_pipe('goroutines', *tap.case_args(HEALTHY))
    closed_pipe('scan', tap.CASES / WRAPPED / 'exe.zst')
    closed_pipe('explain')
    tap.finish()


main()
