#!/usr/bin/env python3
"""Each detector has a place where it must speak, and a near miss where it must not: a case (expect.json: rule, also;
near_miss_of), or a unit test that names its rule."""
import json
import re

import tap


def rules():
    """The ids of detectors.def, by way of the structs that it names."""
    structs = re.findall(r'^DETECTOR\((\w+)\)', (tap.ROOT / 'heuristics/detectors.def').read_text(), re.M)
    sources = '\n'.join(path.read_text() for path in sorted((tap.ROOT / 'heuristics').glob('*.c')))
    for struct in structs:
        found = re.search(rf'struct detector {struct} = {{.*?\.id = "([^"]+)"', sources, re.S)
        yield struct, found.group(1) if found else None


def main():
    expectations = {path.parent.name: json.loads(path.read_text()) for path in tap.CASES.glob('*/expect.json')}
    unit_tests = {path.name: path.read_text() for path in (tap.ROOT / 'tests/unit').glob('*.c')}
    for struct, rule in rules():
        if not tap.check(f'{struct}: has an id', None if rule else 'none found'):
            continue
        named = [name for name, text in unit_tests.items() if f'"{rule}"' in text]
        wins = [case for case, expect in expectations.items()
                if rule in [truth['rule'] for truth in [expect, *expect.get('also', [])]]]
        silent = [case for case, expect in expectations.items() if rule in expect.get('near_miss_of', [])]
        tap.check(f'{rule}: speaks somewhere', None if wins or named else 'no case and no unit test')
        tap.check(f'{rule}: has a near miss', None if silent or named else 'no case and no unit test')
    tap.finish()


main()
