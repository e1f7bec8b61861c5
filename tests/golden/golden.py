#!/usr/bin/env python3
"""The reports of one case are what they were: expected.json (equal as JSON), expected.txt and, where there is one,
expected.goroutines.txt (byte for byte), and the JSON is valid. usage: golden.py CASE. With UPDATE=1 they are rewritten;
read the difference before it is committed. They are of capstone 4 (Debian 12); what a case shows of instructions in other words since
capstone 5 is in its capstone5.json: {KIND: {OURS: THEIRS, …}, …}, and each of OURS is in expected.KIND."""
import difflib
import json
import re
import subprocess
import sys

import tap
import validate_report

WANTED = {'json': ['--json'], 'txt': ['--color=never'], 'goroutines.txt': ['--color=never']}
OPTIONAL = ('goroutines.txt',)


def canonical(report):
    return json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + '\n'


def produced(kind, case):
    command = ['goroutines'] if kind == 'goroutines.txt' else []
    done = tap.Run(*command, *tap.case_args(case), *WANTED[kind])
    trouble = done.trouble(0)
    if trouble:
        return None, trouble
    return (canonical(done.report) if kind == 'json' else done.out.decode(errors='replace')), None


def difference(want, have):
    lines = difflib.unified_diff(want.splitlines(True), have.splitlines(True), 'expected', 'now', n=2)
    return ''.join(list(lines)[:60])


def disassembler():
    """The release of capstone that tornstack is linked with."""
    libraries = subprocess.run(['ldd', tap.TORNSTACK], stdout=subprocess.PIPE, check=True, text=True).stdout
    return int(re.search(r'libcapstone\.so\.(\d+)', libraries)[1])


def in_other_words(kind, case, text, release):
    """The golden as this release of capstone has it, and what of capstone5.json is not in it."""
    path = tap.CASES / case / 'capstone5.json'
    words = json.loads(path.read_text(encoding='utf-8')).get(kind, {}) if path.exists() else {}
    missing = [f'{path.name}, {kind}: not in expected.{kind}: {ours}' for ours in words if ours not in text]
    for ours, theirs in words.items() if release >= 5 else ():
        text = text.replace(ours, theirs)
    return text, '\n'.join(missing)


def compare(kind, case):
    path = tap.CASES / case / f'expected.{kind}'
    release = disassembler()
    have, trouble = produced(kind, case)
    if trouble:
        return trouble
    if tap.UPDATE and (release < 5 or not (path.parent / 'capstone5.json').exists()):
        path.write_text(have, encoding='utf-8')
    if not path.exists():
        return f'{path.name} is missing: UPDATE=1 makes it'
    want = path.read_text(encoding='utf-8')
    want, missing = in_other_words(kind, case, canonical(json.loads(want)) if kind == 'json' else want, release)
    return missing or difference(want, have)


def lines_too_long(path):
    text = path.read_text(encoding='utf-8')
    return '\n'.join(line for line in text.splitlines() if len(line) > 100)


def valid(case, forms):
    """Each form of the report obeys the schema and its own conventions: tests/validate_report.py."""
    for option, done in forms.items():
        trouble = done.trouble(0)
        if trouble:
            return trouble
        dump = tap.case_dump(case) if option == 'findings' else None  # all forms give the same evidence
        found = validate_report.complaints(done.report, dump)
        if found:
            return f'--goroutines={option}: ' + '\n'.join(found)
    return None


def form(case, option):
    return tap.Run(*tap.case_args(case), '--json', f'--goroutines={option}')


def main():
    case = sys.argv[1]
    for kind in WANTED:
        path = tap.CASES / case / f'expected.{kind}'
        if kind in OPTIONAL and not path.exists():
            continue
        tap.check(f'{case}: {path.name}', compare(kind, case))
        if kind != 'json' and path.exists():
            tap.check(f'{case}: {path.name} fits 100 columns', lines_too_long(path))
    forms = {option: form(case, option) for option in ('findings', 'groups', 'all')}
    tap.check(f'{case}: valid', valid(case, forms))
    tap.check(f'{case}: the same twice', None if form(case, 'all').out == forms['all'].out else 'two runs differ')
    tap.finish()


main()
