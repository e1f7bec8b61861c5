#!/usr/bin/env python3
"""`tornstack slim` and `bundle` with --pseudonyms and --keep-messages: no name of the program's is in what they write, and with the key the
report is that of the same without. With HOSTILE=full (`make check-slim`) of every case and log."""
import json
import os
import pathlib
import pty
import re
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
import terminal  # noqa: E402
from bundle_file import unpack  # noqa: E402

SAMPLE = ['amd64-circle', 'amd64-c-heap', 'amd64-c-callback', 'amd64-registered', 'arm64-nonleaf-unwind-stripped', 'windows-amd64-panic',
          'windows-arm64-torn']
LOGS = tap.ROOT / 'fixtures/logs'
DEFS = tap.ROOT / 'formats/pseudonym'
REPORTS = ([], ['--json', '--goroutines=all', '-v'], ['--traceback'], ['--markdown'], ['--brief'], ['--html'])


def table(name):
    """Rows of a table by what they begin with."""
    return re.findall(r'^([A-Z]+)\("([^"]*)"\)', (DEFS / name).read_text(), re.M)


PACKAGES = table('go_packages.def')
ROOTS = {text for row, text in PACKAGES if row == 'ROOT'}
PUBLIC = {text for _, text in PACKAGES + table('public_words.def')}
BEGINNINGS = re.compile('|'.join(text for row, text in table('public_words.def') if row == 'BEGINNING'))


def is_standard(function):
    return re.split(r'[/.(]', function)[0] in ROOTS or '.' not in function


def functions(value):
    """All functions that a report names, wherever."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ('function', 'created_by') and isinstance(part, str):
                yield part
            yield from functions(part)
    elif isinstance(value, list):
        for part in value:
            yield from functions(part)


def clear_names(report):
    """What must be nowhere: qualified names, long words of them, and how the module and the program are called."""
    names = {name for name in functions(report) if re.match(r'main\.|.*/', name) and not is_standard(name)}
    names |= {name.partition('.')[2] for name in names if '(*' in name}
    names |= {word for name in names for word in re.findall(r'[A-Za-z_][A-Za-z0-9_]{9,}', name) if not word.startswith('_cgo')}
    names |= {f'\t{report["target"][key]}' for key in ('main_module',) if report['target'].get(key)}
    names |= {f'\0{pathlib.PurePath(path).name}\0' for path in [(report['target'].get('executable') or {}).get('path')] if path}
    hidden = {name for name in names if any(BEGINNINGS.sub('', word, 1) not in PUBLIC and not re.fullmatch(r'(func|gowrap|init|deferwrap|range)\d+', word)
                                            for word in re.findall(r'[A-Za-z_][A-Za-z0-9_]*', name))}
    return {name.encode() for name in hidden}


def forms(word):
    return word, word.decode().encode('utf-16-le')


def leaks(data, clear):
    return sorted(word.decode() for word in clear for form in forms(word) if form in data)


def report_of(dump, *options):
    run = tap.Run(dump, *options)
    if run.report is not None:
        run.report.pop('input')
        return run.report
    return re.sub(rb'slim[^ ]*|zstd, [^)]*', b'', run.out)


def different(left, right):
    values, prints = constants_of(tap.Run(left, '--json').report)
    for options in REPORTS:
        old, new = report_of(left, *options), report_of(right[0], *options, *right[1:])
        if old != new and not (values and same_but(values, prints, old, new)):
            return f'{" ".join(options)}: {first_difference(old, new)}'
    return None


def constants_of(report):
    """Values of panics in a slim dump: constants of the program, which leave with it. Under a key they do not, and cannot be mapped back. And the
    fingerprints, which are of the value, too."""
    lines = [report['process'].get('message') or '', *(report['process'].get('panic_lines') or [])]
    values = (line.partition('panic: ')[2].partition(' [')[0] for line in lines)
    return ({value for value in values if value and not value.startswith('runtime error: ')},
            {report[key] for key in ('fingerprint', 'fingerprint_exact') if report[key]})


def words_of(report):
    text = json.dumps(report) if isinstance(report, dict) else report.decode().partition('Evidence   + for')[0] # has columns; JSON has it, too
    return ' '.join(text.split())


def same_but(values, prints, old, new):
    """Whether two reports are the same but for those; in the place of values letters stand, or nothing; lines may be broken elsewhere."""
    pattern = re.escape(words_of(old))
    for value in sorted(values, key=len, reverse=True):
        pattern = pattern.replace(re.escape(' ' + value), '(?: [acdert]*)?').replace(re.escape(value), '[acdert]*')
    for value in prints:
        pattern = pattern.replace(value, '[0-9a-f]{16}')
    return re.fullmatch(pattern, words_of(new)) is not None


def first_difference(old, new):
    if isinstance(old, dict):
        return ', '.join(f'{key}: {str(old[key])[:300]} | {str(new.get(key))[:300]}' for key in old if old[key] != new.get(key))
    return next((f'{a} | {b}' for a, b in zip(old.splitlines(), new.splitlines()) if a != b), 'one has more lines')


def check_case(case, folder):
    args, key = tap.case_args(case), folder / 'key'
    tables = ['--with-tables']
    plain, hidden = folder / 'plain' / 'slim', folder / 'hidden' / 'slim'
    for path in (plain, hidden):
        path.parent.mkdir(exist_ok=True)
    made = [tap.Run('slim', *args, *tables, '-o', plain), tap.Run('slim', *args, *tables, '--pseudonyms', key, '-o', hidden)]
    trouble = next((run.trouble(0) for run in made if run.trouble(0)), None)
    if trouble:
        tap.check(f'{case}: pseudonyms', trouble)
        return
    tap.check(f'{case}: with the key, the same', different(plain, [hidden, '--names', key]))
    clear = clear_names(tap.Run(plain, '--json', '--goroutines=all').report)
    tap.check(f'{case}: {len(clear)} names are out', leaks(hidden.read_bytes(), clear) and
              f'{leaks(hidden.read_bytes(), clear)}')
    verdicts = [tap.Run(path, '--json').report['verdict'] for path in (plain, hidden)]
    tap.check(f'{case}: the same verdict', [verdicts[0][part] != verdicts[1][part] for part in ('rule', 'certainty')] != [False, False] and
              f'{verdicts[0]} {verdicts[1]}')


def check_bundle(what, args, folder):
    """No member has a name, and the whole is mapped back."""
    key, plain, hidden = folder / 'key', folder / 'plain.tar.zst', folder / 'hidden.tar.zst'
    made = [tap.Run('bundle', *args, '-o', plain), tap.Run('bundle', *args, '--pseudonyms', key, '-o', hidden)]
    trouble = next((run.trouble(0) for run in made if run.trouble(0)), None)
    if trouble:
        tap.check(f'{what}: a bundle', trouble)
        return
    members = unpack(hidden)[0]
    clear = clear_names(tap.Run(plain, '--json', '--goroutines=all').report)
    found = {name: leaks(data, clear) for name, data in members.items() if leaks(data, clear)}
    tap.check(f'{what}: none of {len(clear)} names in any member', found and str(found))
    tap.check(f'{what}: a bundle is mapped back', different(plain, [hidden, '--names', key]))


def check_log(log, folder):
    """The text itself, too."""
    key, plain, hidden = folder / 'key', folder / 'plain' / 'slim', folder / 'hidden' / 'slim'
    made = [tap.Run('slim', log, '-o', plain), tap.Run('slim', log, '--pseudonyms', key, '-o', hidden)]
    trouble = next((run.trouble(0) for run in made if run.trouble(0)), None)
    if trouble:
        tap.check(f'{log.parent.name}: pseudonyms', trouble)
        return
    tap.check(f'{log.parent.name}: with the key, the same', different(plain, [hidden, '--names', key]))
    clear = clear_names(tap.Run(plain, '--json', '--goroutines=all').report)
    tap.check(f'{log.parent.name}: {len(clear)} names are out', leaks(hidden.read_bytes(), clear) and f'{leaks(hidden.read_bytes(), clear)}')


def check_key(folder):
    args, key, other = tap.case_args(SAMPLE[0]), folder / 'a key', folder / 'other'
    one, two, three = (folder / name for name in ('one', 'two', 'three'))
    run = tap.Run('slim', *args, '--with-tables', '--pseudonyms', key, '-o', one)
    tap.check('a key is made', run.trouble(0) or (stat.S_IMODE(key.stat().st_mode) != 0o600 and oct(key.stat().st_mode)))
    tap.Run('slim', *args, '--with-tables', '--pseudonyms', key, '-o', two)
    tap.Run('slim', *args, '--with-tables', '--pseudonyms', other, '-o', three)
    tap.check('the same key, the same pseudonyms', one.read_bytes() != two.read_bytes() and 'they differ')
    tap.check('another key, others', report_of(one, '--traceback') == report_of(three, '--traceback') and 'they are the same')
    run = tap.Run(one, '--names', other)
    tap.check('another key is refused', run.trouble(1) or ('another key' not in run.err and run.err))
    tap.check('without it the report says so', b'--names' not in tap.Run(one).out and 'it does not')
    key.write_text('no key')
    for given in (['slim', *args, '-o', two, '--pseudonyms', key], [one, '--names', key], [one, '--names', folder / 'none']):
        run = tap.Run(*given)
        tap.check(f'a file that is none: {given[-2]}', run.trouble(1) or ('key file' not in run.err and run.err))
    run = tap.Run('slim', folder / 'no dump', '-o', two, '--pseudonyms', folder / 'unmade')
    tap.check('none is made for no dump', run.trouble(1) or ((folder / 'unmade').exists() and 'one was'))
    run = tap.Run('slim', *args, '--unredacted', '--pseudonyms', other, '-o', two)
    tap.check('not of what is unredacted', run.trouble(2))


# ---- values of panics ----

def answer(args, text):
    """Runs it on a terminal, where it asks."""
    ours, theirs = pty.openpty()
    os.write(ours, text)
    with subprocess.Popen([tap.TORNSTACK, *map(str, args)], stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b''.join(terminal.parts(ours))
        status = process.wait()
    os.close(ours)
    return status, shown


SAID = {'amd64-panic': 'order 42: shelf: "bolt": sold out', 'windows-amd64-panic': 'order 42: shelf: "bolt": sold out'}


def said(text, *args):
    return json.dumps(text)[1:-1] in json.dumps(tap.Run(*args, '--json').report)


def wrong_answer(args, slim, typed, text):
    """What is wrong where a person was asked and typed that."""
    status, shown = answer(['slim', *args, '--keep-messages', '-o', slim], typed)
    if status or text.encode() not in shown or shown.count(b'[y/N]') != 1:
        return f'{status} {shown.decode()}'
    return said(text, slim, *args[1:]) != (typed == b'y\n') and 'it was not heeded'


def check_messages(what, args, text, folder):
    slim = folder / 'messages'
    run = tap.Run('slim', *args, '-o', slim)
    tap.check(f'{what}: no message stays', run.trouble(0) or run.err or (said(text, slim, *args[1:]) and 'it does'))
    run = tap.Run('slim', *args, '--keep-messages', '-o', slim)
    tap.check(f'{what}: one that is shown does', run.trouble(0) or (text not in run.err and run.err) or (not said(text, slim, *args[1:]) and 'it does not'))
    for typed in (b'y\n', b'n\n', b'\n'):
        tap.check(f'{what}: who types {typed} is heeded', wrong_answer(args, slim, typed, text))
    bundle = folder / 'messages.tar.zst'
    run = tap.Run('bundle', *args, '--keep-messages', '-o', bundle)
    tap.check(f'{what}: in a bundle', run.trouble(0) or (text not in run.err and run.err) or (not said(text, bundle) and 'it is not'))


def logs():
    return sorted(LOGS.glob('*/*.txt'))


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)
        part, first = tap.part_of(sorted(path.name for path in tap.CASES.iterdir()) if tap.FULL else SAMPLE)
        for case in part:
            if (tap.case_dump(case)).exists():
                check_case(case, folder)
        for log in tap.part_of(logs())[0]:
            check_log(log, folder)
        if first:
            check_once(folder)
    tap.finish()


def check_once(folder):
    for case in SAMPLE[:2] + SAMPLE[-1:]:
        check_bundle(case, tap.case_args(case), folder)
    check_bundle('a log', [logs()[0]], folder)
    check_key(folder)
    for case, text in SAID.items():
        check_messages(case, tap.case_args(case), text, folder)
    log = folder / 'log'
    log.write_text(f'panic: {SAID["amd64-panic"]}\n\ngoroutine 7 [running]:\nmain.fill(0x7)\n\t/src/fill.go:12 +0x1d\n')
    check_messages('a log', [log], SAID['amd64-panic'], folder)


main()
