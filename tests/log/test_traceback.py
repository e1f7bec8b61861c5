#!/usr/bin/env python3
"""`--traceback`: what tornstack rebuilds, in the runtime's own form.

Of every case: goroutines, states, creators and frames, with pc, sp and fp, are those of the JSON report, as tests/traceback_text.py
reads them; where the runtime's text is kept, they are what it printed; and read back as a log they give the same goroutines, and the
verdict's rule of the dump. A verdict that the text does not prove is told in it, which makes it possible at most."""
import pathlib
import tempfile

import tap
import traceback_text

CERTAIN = 'certain'
SAMPLE = 3  # of a quick run: each third case


def report_difference(text, report):
    """Why what is printed is not what the report has."""
    parsed = traceback_text.parse(text)
    ours = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    if sorted(ours) != sorted(goroutine.id for goroutine in parsed.goroutines):
        return f'goroutines {sorted(ours)} are printed as {sorted(g.id for g in parsed.goroutines)}'
    for goroutine in parsed.goroutines:
        found = ours[goroutine.id]
        if any(frame['function'] is None or frame['file'] is None for frame in found['frames']):
            continue  # code that is not Go's has another form
        difference = traceback_text.state_difference(goroutine, found)
        if not difference and goroutine.frames:
            difference = traceback_text.whole_difference(goroutine, found['frames'])
        if difference:
            return f'goroutine {goroutine.id}: {difference}'
    return None


def runtime_difference(text, printed):
    """Why what is printed is not what the runtime printed, of goroutines that did not go on afterwards."""
    parsed, wanted = traceback_text.parse(text), traceback_text.parse(printed)
    for goroutine in wanted.goroutines:
        ours = parsed.goroutine(goroutine.id)
        if not ours or goroutine.status == 'running' or not goroutine.frames or goroutine.unavailable or goroutine.cut:
            continue
        if not ours.frames or goroutine.frames[0].function != ours.frames[0].function:
            continue  # it went on
        for theirs, mine in zip(goroutine.frames, ours.frames):
            if (theirs.function, theirs.file, theirs.line, theirs.pc, theirs.sp) != (mine.function, mine.file, mine.line, mine.pc, mine.sp):
                return f'goroutine {goroutine.id}: {mine} instead of {theirs}'
    return None


def verdict(report):
    finding = tap.verdict_finding(report)
    return (finding['rule'], finding['certainty']) if finding else (None, 'unknown')


def round_trip_difference(text, report):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        path.write_bytes(text)
        back = tap.Run('--json', '--goroutines', 'all', path)
    if not back.report:
        return f'it cannot be read: {back.err}'
    ids = [[goroutine['id'] for goroutine in side['goroutines']] for side in (report, back.report)]
    if ids[0] != ids[1]:
        return f'goroutines {ids[1]} instead of {ids[0]}'
    (rule, _), (again, certainty) = verdict(report), verdict(back.report)
    if again != rule and (rule or certainty == CERTAIN):
        return f'{again} is {certainty}, the dump says {rule}'
    return None


def check_case(case):
    arguments = tap.case_args(case)
    report = tap.Run('--json', '--goroutines', 'all', *arguments).report
    printed = tap.Run('--traceback', *arguments)
    trouble = printed.trouble(0)
    text = printed.out.decode(errors='replace')
    if not tap.check(f'{case}: it is printed', trouble) or not report or not report['goroutines']:
        return
    tap.check(f'{case}: as the report has it', report_difference(text, report))
    kept = tap.CASES / case / 'expected.traceback'
    expected = kept.read_text(errors='replace') if kept.exists() else ''
    if expected and '# goroutine' not in text:
        tap.check(f'{case}: as the runtime printed it', runtime_difference(text, expected))
    tap.check(f'{case}: read back', round_trip_difference(printed.out, report))


def main():
    folders = sorted(folder.name for folder in tap.CASES.iterdir())
    for case in tap.part_of(folders if tap.FULL else folders[::SAMPLE])[0]:
        check_case(case)
    tap.finish()


if __name__ == '__main__':
    main()
