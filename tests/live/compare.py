#!/usr/bin/env python3
"""Every goroutine of a report, and every system stack, against what the Go runtime itself printed of the same process;
and the verdict against the ending, where that is told.

usage: compare.py CORE EXE TRACEBACK [ENDING]     one dump by hand; exit status 1 when a difference is not explained
"""
import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap
import traceback_text
from live import exceptions, verdicts

EQUAL, RUNNING, EXCEPTION, DIFFERENT = 'equal', 'running', 'exception', 'different'


@dataclasses.dataclass
class Outcome:
    subject: str            # "goroutine 7", "system stack of m 3"
    kind: str
    detail: str = None      # the first difference
    exception: str = None   # the predicate that explains it


def compare(printed, report, ending=None):
    """An Outcome for each goroutine of either side, and for each system stack of the text."""
    found = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    numbers = list(dict.fromkeys(goroutine.id for goroutine in printed.goroutines if goroutine.id))
    outcomes = []
    for number in sorted({*numbers, *found}):
        accounts, ours = printed.accounts(number), found.get(number)
        outcome = Outcome(f'goroutine {number}', *goroutine_outcome(accounts, ours, number == numbers[0]))
        outcomes.append(explained(outcome, exceptions.Scene(accounts, ours, printed, report, ending)))
    for stack in printed.system_stacks():
        # That of a throw is printed by the thread that dies; after a signal every thread prints its own.
        # Of a process that ended by itself, without signal or exception (Go 1.20 on Windows), no thread is marked.
        marked = stack is printed.runtime_stack and report['process']['stop']
        threads = [t for t in report['threads'] if t['crashed'] or not marked]
        detail = traceback_text.system_stack_difference(stack, threads)
        outcome = Outcome('system stack' + ('' if stack.m is None else f' of m {stack.m}'),
                          DIFFERENT if detail else EQUAL, detail)
        outcomes.append(explained(outcome, exceptions.Scene([stack], None, printed, report, ending)))
    panics = traceback_text.panics_difference(printed, report)
    return outcomes + [Outcome('panics', DIFFERENT, panics)] * bool(panics)


def explained(outcome, scene):
    if outcome.kind == DIFFERENT:
        outcome.exception = exceptions.name_of(scene)
        outcome.kind = EXCEPTION if outcome.exception else DIFFERENT
    return outcome


def goroutine_outcome(accounts, ours, crashing):
    """Kind and detail. One that ran on another thread while the text was printed counts apart, also when that thread
    itself printed it later; then it must be as printed, nevertheless."""
    if not ours:
        return DIFFERENT, 'missing: the runtime printed it'
    if not accounts:
        return DIFFERENT, f'the runtime did not print it ({ours["status"]})'
    accounts = [account for account in accounts if not account.unavailable]
    details = [traceback_text.account_difference(account, ours) for account in accounts]
    if details and all(details):
        return DIFFERENT, details[0]
    ran = not accounts or accounts[0].status == 'running' and not crashing
    return RUNNING if ran else EQUAL, None


def compare_dump(core, exe, text, ending=None):
    """The outcomes for a dump; a string when it could not be analysed."""
    done = tap.Run(core, '--exe', exe, '--json', '--goroutines=all')
    trouble = done.trouble(0)
    if trouble:
        return trouble
    outcomes = compare(traceback_text.parse(pathlib.Path(text).read_text(errors='replace')), done.report, ending)
    trouble = ending and verdicts.trouble(done.report, ending)
    return outcomes + [Outcome('verdict', DIFFERENT, trouble)] * bool(trouble)


def main():
    outcomes = compare_dump(*sys.argv[1:])
    if isinstance(outcomes, str):
        sys.exit(outcomes)
    for outcome in outcomes:
        print(*filter(None, (f'{outcome.subject}: {outcome.kind}', outcome.exception, outcome.detail)), sep='  ')
    sys.exit(any(outcome.kind == DIFFERENT for outcome in outcomes))


if __name__ == '__main__':
    main()
