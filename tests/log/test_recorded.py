#!/usr/bin/env python3
"""The log of a crash against the log itself, as another reader reads it, and against the core of the same process.

Of every case that keeps what the runtime printed (expected.traceback): goroutines, states, creators, frames, lines, and sp, fp and pc
where they were printed, are those that tests/traceback_text.py reads; the report is what the schema says; the verdict's rule is that
of the core, or it is no certain one. `TABLE=FILE` rewrites the table in docs/accuracy.md (between its marks)."""
import collections
import json
import os
import pathlib

import tap
import validate_report
from against_core import TORN, verdict_class
from as_printed import goroutines_difference


def cases():
    return sorted(path.parent.name for path in tap.CASES.glob('*/expected.traceback'))


def verdict_difference(core, log):
    told = verdict_class(core, log)
    return f'{log["verdict"]["rule"]} instead of {core["verdict"]["rule"]}' if told == 'wrong' else None


def count(table, core, log):
    table[core['verdict']['rule'] or core['verdict']['certainty']][verdict_class(core, log)] += 1


# The runtime died as it printed the torn stack, whose words it does not show.
WITHOUT_WORDS = ('windows-amd64-late-other',)


# What was printed of words and pcs suffices without the executable.
ALONE = ('amd64-late-crash', 'amd64-late-crash-stripped', 'amd64-overrun-gc', 'amd64-overrun-return', 'amd64-asm-frame', 'arm64-asm-frame',
         'arm64-overrun-return')


def torn_difference(case, core, log):
    """With the executable a torn stack is found, likely at least and no surer than from the core, or it is said what the text lacks."""
    if case in WITHOUT_WORDS:
        return None if any('The log does not hold its words' in note for note in log['notes']) else 'it is not said what the log lacks'
    rule, certainty = log['verdict']['rule'], log['verdict']['certainty']
    wanted = ('likely', 'certain') if core['verdict']['certainty'] == 'certain' else ('likely',)
    return None if rule == core['verdict']['rule'] and certainty in wanted else f'{rule} is {certainty}'


# Where the rule is the core's and the fingerprint is not: what of the core's the text does not show.
CALLERS = 'callers behind the torn word'
C_FUNCTIONS = 'functions of C, without a symbolizer'
OTHER_FINGERPRINT = {
    'amd64-asm-frame': CALLERS, 'arm64-asm-frame': CALLERS, 'amd64-late-crash': CALLERS, 'amd64-late-crash-stripped': CALLERS,
    'amd64-overrun-gc': CALLERS, 'amd64-overrun-return': CALLERS, 'arm64-overrun-return': CALLERS, 'arm64-leaf-unwind': CALLERS,
    'arm64-leaf-unwind-stripped': CALLERS, 'arm64-nonleaf-segv': CALLERS, 'arm64-nonleaf-segv-stripped': CALLERS,
    'arm64-nonleaf-unwind': CALLERS, 'arm64-nonleaf-unwind-stripped': CALLERS, 'windows-arm64-torn': CALLERS,
    'amd64-c-assert': C_FUNCTIONS, 'amd64-c-heap': C_FUNCTIONS, 'amd64-cgo-static': C_FUNCTIONS, 'arm64-c-leaf': C_FUNCTIONS, 'arm64-tag-sync': C_FUNCTIONS,
    'amd64-cgo': 'that a text was built in, where its header is of the heap', 'amd64-cgo-stripped': 'the same',
    'amd64-self-abort': 'who sent the signal',
}


def check_fingerprint(case, how, core, log):
    if core['verdict']['rule'] == log['verdict']['rule'] and case not in OTHER_FINGERPRINT:
        tap.check(f'{case}{how}: the fingerprint is the core\'s', None if core['fingerprint'] == log['fingerprint'] else log['fingerprint'])


def check_executable(case, path, core, table):
    """With the executable: it is told to be the one that ran, and another to be none."""
    own = next((tap.CASES / case / name for name in ('exe.zst', 'exe') if (tap.CASES / case / name).exists()), None)
    if not own:
        return
    done = tap.Run('analyze', path, '--json', '--exe', own)
    if done.trouble(0):
        tap.check(f'{case}: its log is read with the executable', done.trouble(0))
        return
    identity = done.report['target']['executable_identity']
    tap.check(f'{case}: the executable is the one that printed the log', None if identity == 'equivalent' else
              f'{identity}: {done.report["target"].get("executable_doubt")}; {done.report["notes"]}')
    tap.check(f'{case}: the report with the executable is valid', '\n'.join(validate_report.complaints(done.report, None)))
    tap.check(f'{case}: with the executable no other certain verdict', verdict_difference(core, done.report))
    if core['verdict']['rule'] in TORN:
        tap.check(f'{case}: with the executable its log shows what was torn', torn_difference(case, core, done.report))
    check_fingerprint(case, ' with the executable', core, done.report)
    count(table, core, done.report)


def check_case(case, table, with_executable):
    path = tap.CASES / case / 'expected.traceback'
    core = json.loads((tap.CASES / case / 'expected.json').read_text(encoding='utf-8'))
    done = tap.Run('analyze', path, '--json', '--goroutines=all')
    if done.trouble(0):
        tap.check(f'{case}: its log is read', done.trouble(0))
        return
    text = path.read_text(encoding='utf-8', errors='replace')
    tap.check(f'{case}: goroutines of its log are as printed', goroutines_difference(text, done.report))
    tap.check(f'{case}: the report of its log is valid', '\n'.join(validate_report.complaints(done.report, None)))
    tap.check(f'{case}: its log gives no other certain verdict', verdict_difference(core, done.report))
    if case in ALONE:
        found = done.report['verdict']
        tap.check(f'{case}: its log alone shows what was torn', None if (found['rule'], found['certainty']) == (core['verdict']['rule'], 'likely')
                  else f'{found["rule"]} is {found["certainty"]}')
    check_fingerprint(case, '', core, done.report)
    count(table, core, done.report)
    check_executable(case, path, core, with_executable)


def check_other_build():
    done = tap.Run('analyze', tap.CASES / 'amd64-nil/expected.traceback', '--json', '--exe', tap.CASES / 'amd64-panic/exe.zst')
    trouble = done.trouble(0)
    if not trouble and done.report['target']['executable_identity'] != 'none':
        trouble = f'its identity is {done.report["target"]["executable_identity"]}'
    if not trouble and 'another build' not in done.report['notes'][0]:
        trouble = f'the first note is {done.report["notes"][0]}'
    tap.check('another build is not used, which is said first', trouble)


def check_text():
    done = tap.Run('analyze', tap.ROOT / 'LICENSE', '--json')
    tap.check('text without a crash is told to be that',
              None if done.status == 1 and 'neither a crash' in str(done.out) + str(done.err) else f'status {done.status}: {done.err}')


COLUMNS = ('same rule and certainty', 'same rule, less certain', "another of the core's findings", 'another rule, not certain', 'unknown',
           'wrong')
MARK = ('<!-- log against core -->', '<!-- end of log against core -->')


def table_text(table):
    lines = ['| the core says | ' + ' | '.join(COLUMNS) + ' |', '|---' * (len(COLUMNS) + 1) + '|']
    for rule in sorted(table):
        lines.append(f'| {rule} | ' + ' | '.join(str(table[rule][column] or '') for column in COLUMNS) + ' |')
    total = [str(sum(row[column] for row in table.values())) for column in COLUMNS]
    return '\n'.join(lines + ['| all | ' + ' | '.join(total) + ' |'])


def main():
    alone, with_executable = (collections.defaultdict(collections.Counter) for _ in range(2))
    for case in tap.part_of(cases())[0]:
        check_case(case, alone, with_executable)
    check_other_build()
    check_text()
    target = os.environ.get('TABLE')
    if target:
        page = pathlib.Path(target)
        before, _, rest = page.read_text(encoding='utf-8').partition(MARK[0])
        text = f'The log alone:\n\n{table_text(alone)}\n\nWith the executable:\n\n{table_text(with_executable)}'
        page.write_text(f'{before}{MARK[0]}\n{text}\n{MARK[1]}{rest.partition(MARK[1])[2]}', encoding='utf-8')
    tap.finish()


if __name__ == '__main__':
    main()
