#!/usr/bin/env python3
"""What the report of one case must say, whatever its words: usage: check_case.py CASE.

Two sources that tornstack has no part in: expect.json, written from why.md (see expect.py), and expected.traceback,
the Go runtime's own account of the same crash.

expect.json: rule (null: no corruption finding may be there), certainty, and for a tear goroutine, function, pc,
observed, repaired, sp_error, caller_pc, caller_sp, stack (function names of the torn goroutine from its top, repaired,
to its entry). `also`: other findings that must be there. `may`: others that are true, so may be certain. `message`: what
process.message must be. `healthy`: the verdict must be. `near_miss_of`: rules that this case is made to tempt, and that
must be silent; `differs`: from which case, and by which instruction (without it: see patch.json). `executable_source`: where the executable must come from. `c_frames`: by thread, pc and entry of the
frames that are not Go's, by gdb. `unlike_traceback`: goroutine ids (0: the system stack) whose printed state or stack
is not that of the dump, and why.
"""
import sys

import tap
import traceback_text


def differs(found, wanted):
    """Of an object, only the members that are wanted count."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return any(found.get(key) != value for key, value in wanted.items())
    return found != wanted


def finding_of(report, truth):
    same = [finding for finding in report['findings'] if finding['rule'] == truth['rule']]
    if not same:
        return None, f'no finding {truth["rule"]}'
    for finding in same:
        wrong = [f'{key} is {finding.get(key)} instead of {value}' for key, value in truth.items()
                 if key in finding and key not in ('rule', 'stack') and differs(finding[key], value)]
        if not wrong:
            return finding, None
    return None, f'{truth["rule"]}: ' + ', '.join(wrong)


def check_rule(report, expect):
    finding, trouble = finding_of(report, expect)
    if trouble:
        return trouble
    if tap.verdict_finding(report) is not finding:
        return f'the verdict is {report["verdict"]["rule"]}'
    if 'certainty' in expect and report['verdict']['certainty'] != expect['certainty']:
        return f'the verdict is {report["verdict"]["certainty"]}'
    return None


def check_no_corruption(report, expect):
    """None but what the case says must be found beside its verdict."""
    told = [truth['rule'] for truth in expect.get('also', [])]
    return ', '.join(finding['rule'] for finding in report['findings']
                     if finding['rule'] in tap.CORRUPTION and finding['rule'] not in told)


def check_stack(report, expect):
    goroutine = next((g for g in report['goroutines'] if g['id'] == expect['goroutine']), None)
    if not goroutine:
        return f'goroutine {expect["goroutine"]} is missing'
    names = [frame['function'] for frame in goroutine['frames']]
    if names != expect['stack']:
        return f'stack is {names}\ninstead of {expect["stack"]}'
    if goroutine['end'] != 'complete':
        return f'it ends: {goroutine["end"]}'
    frame = goroutine['frames'][names.index(expect['function'])]
    if (frame['sp'], frame['fp']) != (expect['repaired'], expect['caller_sp']):
        return f'the torn frame is at {frame["sp"]} to {frame["fp"]}'
    return None


def c_frames_difference(report, expect):
    """All frames without a file are C's: Go's have one."""
    for thread in report['threads']:
        found = [[frame['pc'], frame['entry']] for frame in thread['frames'] if not frame['file']]
        wanted = expect['c_frames'].get(str(thread['id']), [])
        if found != wanted:
            return f'thread {thread["id"]}: {found}\ninstead of {wanted}'
    missing = set(expect['c_frames']) - {str(thread['id']) for thread in report['threads']}
    return f'no threads {missing}' if missing else None


def check_expectation(case, expect, report):
    if expect['rule']:
        tap.check(f'{case}: {expect["certainty"]} {expect["rule"]}', check_rule(report, expect))
    if expect['rule'] not in tap.CORRUPTION:
        tap.check(f'{case}: no corruption finding', check_no_corruption(report, expect))
    for rule in expect.get('near_miss_of', []):
        tap.check(f'{case}: near miss of {rule}', finding_of(report, {'rule': rule})[0] and 'it is found')
    for truth in expect.get('also', []):
        tap.check(f'{case}: also {truth["rule"]}', finding_of(report, truth)[1])
    tap.check(f'{case}: not wrongly certain', tap.wrong_certain(report, expect))
    if 'stack' in expect:
        tap.check(f'{case}: repaired stack', check_stack(report, expect))
    if 'c_frames' in expect:
        tap.check(f'{case}: frames of C as by gdb', c_frames_difference(report, expect))
    if 'message' in expect:
        message = report['process']['message']
        tap.check(f'{case}: last words', None if message == expect['message'] else f'"{message}"')
    if 'executable_source' in expect:
        source = report['target']['executable_source']
        tap.check(f'{case}: executable from {expect["executable_source"]}',
                  None if source == expect['executable_source'] else source)
    if expect.get('healthy'):
        verdict = report['verdict']['certainty']
        tap.check(f'{case}: healthy', None if verdict == 'healthy' else verdict)


def check_traceback(case, expect, report):
    text = (tap.CASES / case / 'expected.traceback').read_text(encoding='utf-8', errors='replace')
    printed = traceback_text.parse(text)
    found = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    torn = expect if expect['rule'] == 'split-sp' else {}
    excused = expect.get('unlike_traceback', {})
    tap.check(f'{case}: the runtime printed goroutines', None if printed.goroutines else 'none was read')
    tap.check(f'{case}: panics as printed', traceback_text.panics_difference(printed, report))
    for goroutine in printed.goroutines:
        if goroutine.id == 0:
            continue
        name = f'{case}: goroutine {goroutine.id} as printed'
        ours = found.get(goroutine.id)
        if str(goroutine.id) in excused:
            tap.check(f'{name} (but for: {excused[str(goroutine.id)]})', None if ours else 'missing')
            continue
        torn_at = torn.get('function') if goroutine.id == torn.get('goroutine') else None
        tap.check(name, 'missing' if not ours else traceback_text.account_difference(goroutine, ours, torn_at))
    system_stacks = [] if expect.get('healthy') or '0' in excused else printed.system_stacks()
    for i, stack in enumerate(system_stacks):
        # The thread that died printed the first one.
        threads = [thread for thread in report['threads'] if i or thread['crashed']]
        tap.check(f'{case}: system stack {i} as printed', traceback_text.system_stack_difference(stack, threads))


def main():
    case = sys.argv[1]
    expect = tap.expectation(case)
    if not tap.check(f'{case}: has expect.json', None if expect else 'missing: write it from why.md'):
        tap.finish()
    tap.check(f'{case}: has why.md', None if (tap.CASES / case / 'why.md').exists() else 'missing')
    done = tap.Run(*tap.case_args(case), '--json', '--goroutines=all')
    if tap.check(f'{case}: analysed', done.trouble(0)):
        check_expectation(case, expect, done.report)
        if (tap.CASES / case / 'expected.traceback').exists():
            check_traceback(case, expect, done.report)
    tap.finish()


main()
