#!/usr/bin/env python3
"""Each detector has a case that it wins (expect.json: rule, or also), and a near miss: a case in which it must be silent
(near_miss_of), and which differs from one that it wins by one word of memory (patch.json) or by one instruction
(expect.json: differs, {"from": CASE, "by": TEXT}). why.md of the near miss names the word's address, or says TEXT."""
import json
import re

import tap


def rules():
    """The ids of detectors.def, by way of the structs that it names."""
    structs = re.findall(r'^DETECTOR\((\w+)\)', (tap.ROOT / 'heuristics/detectors.def').read_text(), re.M)
    sources = '\n'.join(path.read_text() for path in sorted((tap.ROOT / 'heuristics').rglob('*.c')))
    for struct in structs:
        found = re.search(rf'struct detector {struct} = {{.*?\.id = "([^"]+)"', sources, re.S)
        yield struct, found.group(1) if found else None


def wins(rule, expect):
    return rule in [truth['rule'] for truth in [expect, *expect.get('also', [])]]


def difference(case, expect):
    """The case that this one differs from, and what its why.md has to say of it; or None and what is wrong."""
    patch = tap.patch_of(case)
    if patch:
        words = patch['words']
        return (patch['of'], words[0]['address']) if len(words) == 1 else (None, f'{len(words)} words differ')
    differs = expect.get('differs')
    return (differs['from'], differs['by']) if differs else (None, 'it differs by more than a word or an instruction')


def near_miss_trouble(rule, case, expectations):
    """Why a case is no near miss of a rule, or None."""
    other, text = difference(case, expectations[case])
    if other is None:
        return text
    if not wins(rule, expectations.get(other, {'rule': None})):
        return f'{other} is not won by it'
    return None if text in (tap.CASES / case / 'why.md').read_text() else f'why.md does not say {text}'


def main():
    expectations = {path.parent.name: json.loads(path.read_text()) for path in sorted(tap.CASES.glob('*/expect.json'))}
    for struct, rule in rules():
        if not tap.check(f'{struct}: has an id', None if rule else 'none found'):
            continue
        won = [case for case, expect in expectations.items() if wins(rule, expect)]
        tap.check(f'{rule}: has a case that it wins', None if won else 'no expect.json')
        silent = {case: near_miss_trouble(rule, case, expectations) for case, expect in expectations.items()
                  if rule in expect.get('near_miss_of', [])}
        tap.check(f'{rule}: has a near miss', None if None in silent.values() else
                  '\n'.join(f'{case}: {trouble}' for case, trouble in silent.items()) or 'no case')
    tap.finish()


main()
