#!/usr/bin/env python3
"""Checks a JSON report: against docs/report.schema.json, against its own conventions, and, when the dump is given, against
the dump itself. usage: validate_report.py REPORT [DUMP]

Conventions: what the headline and the narrative claim is backed by evidence. Claims are numbers (0x…, and decimal ones from
10 on that stand alone) and words with a dot inside, such as names of Go functions; each must occur in the evidence, in the
text of a rival, or in a field, of a finding. Indices point to what exists. The dump: observed of each piece of evidence of kind memory is the 8-byte
little-endian word at its address, read here by other readers than tornstack's (dumps only; zstd by the zstd command).
"""
import functools
import hashlib
import json
import marshal
import pathlib
import re
import sys
import tempfile

import fastjsonschema

import dump_file
import tap

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIELDS = ('pc', 'slot', 'observed', 'repaired', 'sp_error', 'caller_pc', 'caller_sp', 'function', 'goroutine', 'thread')
NUMBER = re.compile(r'(?<![A-Za-z0-9_])(0x[0-9a-fA-F]+|\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?![A-Za-z0-9_])')


def numbers(text):
    """All numbers that stand alone, as integers; the decimal ones may have their thousands grouped."""
    return {int(token, 16) if token.startswith('0x') else int(token.replace(',', '')) for token in NUMBER.findall(text)}


def is_claimed(number, text):
    return number >= 10 or hex(number) in text


def names(text):
    for word in text.split():
        word = word.lstrip('("\'`[').rstrip('.,;:!?)"\'`]').removesuffix("'s")
        if '.' in word[1:-1] and not word[0].isdigit():
            yield word


def statements(report):
    """All that findings state, and what `program` does where there is none, as one text."""
    parts = []
    for finding in report['findings']:
        parts += [str(finding[key]) for key in FIELDS if finding.get(key) is not None]
        for evidence in finding['evidence']:
            parts += [evidence[key] for key in ('text', 'address', 'observed', 'expected') if evidence[key] is not None]
        for rival in finding.get('rivals', []):
            parts += [rival[key] for key in ('for', 'against') if rival[key] is not None]
    program = report.get('program')
    if program:
        parts += [program['because'] or '', report['target']['go_version'] or '', 'Go 1.18', *program['facts']]
    return '\n'.join(parts)


def check_claims(report):
    stated = statements(report)
    known = numbers(stated)
    for text in [report['verdict']['headline'], *report['verdict']['narrative']]:
        without_names = text
        for name in names(text):
            without_names = without_names.replace(name, ' ')
            if name not in stated:
                yield f'no finding states {name!r}: {text}'
        for number in numbers(without_names):
            if is_claimed(number, text) and number not in known:
                yield f'no finding states {number} ({number:#x}): {text}'


def check_indices(report):
    count = len(report['findings'])
    verdict = report['verdict']
    pointers = [verdict['finding'], *(one['finding'] for one in verdict.get('runners_up', []))]
    pointers += [finding['explained_by'] for finding in report['findings']]
    listed = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    threads = {thread['id']: thread for thread in reversed(report['threads'])}  # of a log, without ids, the first is what died
    for stack in [*report['threads'], *report['goroutines'], *report['goroutine_groups']]:
        pointers += [frame['finding'] for frame in stack['frames']]
    yield from (f'there is no finding {index}' for index in pointers if index is not None and index >= count)
    for finding in report['findings']:
        if finding['goroutine'] is not None and finding['goroutine'] not in listed:
            yield f'goroutine {finding["goroutine"]}, which a finding names, is not listed'
        if finding['thread'] is not None and finding['thread'] not in threads:
            yield f'thread {finding["thread"]}, which a finding names, is not listed'
        stacks = [stack for stack in (listed.get(finding['goroutine']), threads.get(finding['thread'])) if stack]
        if finding['frame'] is not None and not any(is_frame_of(finding, stack['frames']) for stack in stacks):
            yield f'{finding["rule"]}: frame {finding["frame"]} is not at {finding["pc"]}'
    if report['goroutine_count'] != sum(group['count'] for group in report['goroutine_groups']):
        yield 'goroutine_count is not the sum of the groups'


def is_frame_of(finding, frames):
    index = finding['frame']
    whole_word = finding['rule'] in ('torn-return', 'torn-pc', 'smashed-return', 'bit-flip')  # there pc is the bad word
    return index < len(frames) and (whole_word or finding['pc'] in (None, frames[index]['pc']))


def check_order(report):
    ids = [goroutine['id'] for goroutine in report['goroutines']]
    sizes = [group['count'] for group in report['goroutine_groups']]
    if ids != sorted(set(ids)):
        yield 'goroutines are not ascending by id'
    if sizes != sorted(sizes, reverse=True):
        yield 'groups are not largest first'
    if list(report) != [key for key in schema()['properties'] if key in report]:
        yield 'keys are not in the order of the schema'


def check_memory(report, dump):
    with tap.memory_folder() as folder:
        core = dump_file.parsed(dump_file.mapped(dump_file.plain(dump, folder)))
    if core is None:
        return
    for finding in report['findings']:
        for evidence in finding['evidence']:
            if evidence['kind'] != 'memory':
                continue
            if evidence['address'] is None or evidence['observed'] is None:
                yield f'{finding["rule"]}: evidence of kind memory without address or observed: {evidence["text"]}'
                continue
            address = int(evidence['address'], 16)
            if core.offset(address) is None:
                yield f'{finding["rule"]}: {evidence["address"]} is not in the dump: {evidence["text"]}'
            elif evidence['observed'] != hex(core.word(address)):
                yield f'{finding["rule"]}: {core.word(address):#x}, not {evidence["observed"]}, is at {evidence["address"]}'


def schema():
    loaded = json.loads((ROOT / 'docs/report.schema.json').read_text(encoding='utf-8'))
    del loaded['$id']  # a name, not an address: the library would resolve #/$defs against it
    return loaded


@functools.cache
def shape():
    """Compiled, as some reports have thousands of frames, and kept, as hundreds of tests ask. It raises at the first part that the schema does
    not allow."""
    wanted = schema()
    key = hashlib.sha256(repr((wanted, sys.version, fastjsonschema.VERSION)).encode()).hexdigest()
    kept = tap.BUILD / 'schemas' / key
    if not kept.exists():
        keep(kept, marshal.dumps(compile(fastjsonschema.compile_to_code(wanted), 'report.schema.json', 'exec')))
    names = {}
    exec(marshal.loads(kept.read_bytes()), names)  # pylint: disable=exec-used
    return names['validate']


def keep(path, content):
    """Others may do so at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    pathlib.Path(file.name).replace(path)


def check_shape(report):
    try:
        shape()(report)
    except fastjsonschema.JsonSchemaException as error:
        yield error.message[:300]


def check_crashes(report):
    """Of a log that holds several: each is told by a report of its fingerprint and certainty, and each report tells the last of its kind."""
    crashes = report.get('crashes')
    if not crashes:
        return
    told = [report, *crashes['reports']]
    kinds = {}
    for crash in crashes['list']:
        kind = crash['fingerprint'], crash['certainty']
        if crash['report'] is None or 'error' in told[crash['report']]:
            continue
        one = told[crash['report']]
        if kind != (one['fingerprint'], one['verdict']['certainty']) or kinds.setdefault(crash['report'], kind) != kind:
            yield f'crash {crash["number"]} is told by a report of another kind'
    numbers = [crash['number'] for crash in crashes['list']]
    if numbers != sorted(set(numbers), reverse=True) or crashes['list'][0]['report'] != 0:
        yield 'crashes are not the last first'
    if sorted(kinds) != list(range(len(told))) or len(set(kinds.values())) != len(kinds):
        yield f'reports are of {kinds}'
    for one in crashes['reports']:
        yield from complaints(one, None)


def complaints(report, dump):
    errors = list(check_shape(report))
    if errors or 'error' in report:  # why there is no report, which claims nothing
        return errors
    found = [*check_indices(report), *check_order(report), *check_claims(report), *check_crashes(report)]
    return found + (list(check_memory(report, dump)) if dump else [])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8'))
    found = complaints(report, sys.argv[2] if len(sys.argv) == 3 else None)
    for complaint in found:
        print(complaint)
    sys.exit(1 if found else 0)


if __name__ == '__main__':
    main()
