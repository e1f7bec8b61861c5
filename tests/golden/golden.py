#!/usr/bin/env python3
"""The reports of one case are what they were: expected.json (equal as JSON), expected.txt and, where there is one,
expected.goroutines.txt (byte for byte), and the JSON is valid and, all of it, the same with one thread and with five. usage: golden.py CASE.
With UPDATE=1 they are rewritten; read the difference before it is committed. They are of capstone 4 (Debian 12); what a case shows of
instructions in other words since capstone 5 is in its capstone5.json: {KIND: {OURS: THEIRS, …}, …}, and each of OURS is in expected.KIND."""
import difflib
import functools
import json
import re
import subprocess
import sys

import tap
import validate_report

TEXTS = {'txt': [], 'goroutines.txt': ['goroutines']}
OPTIONAL = ('goroutines.txt',)
DEFAULT = 'groups'  # --goroutines=


def canonical(report):
    return json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + '\n'


def printed(case, command):
    """What it prints, and what is wrong with that run."""
    done = tap.Run(*command, *tap.case_args(case), '--color=never')
    return done.out.decode(errors='replace'), done.trouble(0)


def difference(want, have):
    lines = difflib.unified_diff(want.splitlines(True), have.splitlines(True), 'expected', 'now', n=2)
    return ''.join(list(lines)[:60])


@functools.cache
def disassembler():
    """The release of capstone that tornstack is linked with."""
    libraries = subprocess.run(['ldd', tap.TORNSTACK], stdout=subprocess.PIPE, check=True, text=True).stdout
    return int(re.search(r'libcapstone\.so\.(\d+)', libraries)[1])


def other_words(case):
    """The case's capstone5.json."""
    path = tap.CASES / case / 'capstone5.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}


def in_other_words(kind, case, text):
    """The golden as this release of capstone has it, and what of capstone5.json is not in it."""
    words = other_words(case).get(kind, {})
    missing = [f'capstone5.json, {kind}: not in expected.{kind}: {ours}' for ours in words if ours not in text]
    for ours, theirs in words.items() if words and disassembler() >= 5 else ():
        text = text.replace(ours, theirs)
    return text, '\n'.join(missing)


def compare(kind, case, have, trouble):
    path = tap.CASES / case / f'expected.{kind}'
    if trouble:
        return trouble
    if tap.UPDATE and (not other_words(case) or disassembler() < 5):
        path.write_text(have, encoding='utf-8')
    if not path.exists():
        return f'{path.name} is missing: UPDATE=1 makes it'
    want = path.read_text(encoding='utf-8')
    want, missing = in_other_words(kind, case, canonical(json.loads(want)) if kind == 'json' else want)
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


def form(case, option, *more):
    chosen = [] if option == DEFAULT else [f'--goroutines={option}']
    return tap.Run(*tap.case_args(case), '--json', *chosen, *more)


def main():
    case = sys.argv[1]
    forms = {'findings': form(case, 'findings'), DEFAULT: form(case, DEFAULT), 'all': form(case, 'all', '--jobs=1')}
    trouble = forms[DEFAULT].trouble(0)
    tap.check(f'{case}: expected.json', compare('json', case, None if trouble else canonical(forms[DEFAULT].report), trouble))
    for kind, command in TEXTS.items():
        path = tap.CASES / case / f'expected.{kind}'
        if kind in OPTIONAL and not path.exists():
            continue
        tap.check(f'{case}: {path.name}', compare(kind, case, *printed(case, command)))
        if path.exists():
            tap.check(f'{case}: {path.name} fits 100 columns', lines_too_long(path))
    tap.check(f'{case}: valid', valid(case, forms))
    tap.check(f'{case}: the same with five threads', None if form(case, 'all', '--jobs=5').out == forms['all'].out else 'two runs differ')
    tap.finish()


main()
