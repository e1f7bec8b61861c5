#!/usr/bin/env python3
"""The return address by which a certain verdict names its function becomes one behind another call of the same callee: the other function
fits what it called, and nothing behind it fits it: it is named, or the next one behind it is. The verdict is of the function that it was of, of
none, or not certain."""
import tempfile

import dump_file
import tap

# Case, where the return address lies, what it is, what it becomes.
WORDS = '''
amd64-c-assert 0x7ffe51a8a4c8 0x4660db 0x4b2926
amd64-c-heap 0x7ffd9e306148 0x465db7 0x4ba8d5
amd64-cgo-stripped 0x181125cd2dd8 0x481a07 0x4028a5
amd64-chain 0x71cb5c1ef20 0x4a28e5 0x44333b
amd64-clobber 0x231f9ebdf68 0x49f69d 0x431ad0
amd64-deadlock 0x3811882b2f68 0x4872b6 0x424871
amd64-heap-kept 0x39c58bc97c10 0x436365 0x43d572
amd64-heap-object 0x39260664cca0 0x434685 0x43fb87
amd64-hoard 0x38dfde20df48 0x4835ab 0x483713
amd64-hoard 0x38dfde20df48 0x4835ab 0x402899
amd64-hoard-length 0x281576b98768 0x483713 0x44778c
amd64-map-encode 0x35c1522d4b48 0x4acb8a 0x4a74cc
amd64-map-encode 0x35c1522d4b48 0x4acb8a 0x460c93
amd64-near-map 0xc000030f60 0x479caf 0x4798ef
amd64-overflow 0x17dccdd22b98 0x484eb9 0x485265
amd64-panic 0x25264c729ed8 0x4a8293 0x488265
amd64-panic-stripped 0x6cfaab8fed8 0x4a8293 0x48ea34
amd64-readonly 0xc00006bee0 0x45fd05 0x42932e
amd64-refused-thread 0xc0000b7690 0x431705 0x4512ca
amd64-shared-writer 0xc000086d20 0x499205 0x49a73a
amd64-torn-string 0x2822288c0be0 0x48404f 0x414eac
arm64-chain 0x400005ae60 0x9a310 0x8b0f8
arm64-chain 0x400005ae60 0x9a310 0x88a20
arm64-clobber 0x4000035720 0x89aa4 0x2dc48
arm64-heap-object 0x4000050cc0 0x2f290 0x597b8
arm64-near-before 0x328fb5be4e50 0x912a8 0x16314
'''


def verdict_of(*args):
    report = tap.Run(*args, '--json').report
    finding = next(iter(report['findings']), {})
    return report['verdict']['certainty'], finding.get('rule'), finding.get('function')


def check_word(case, slot, was, now, folder):
    whole, *given = tap.case_args(case)
    copy = dump_file.Copy(whole, folder)
    if not copy.holds(slot) or copy.word(slot) != was:
        return 'the dump does not have that word'
    old, new = verdict_of(whole, *given), copy.changed({slot: now}, lambda: verdict_of(copy.path, *given))
    if old[0] != 'certain':
        return f'the whole dump says {old}'
    return f'{new} instead of {old}' if new[0] == 'certain' and new[2] and new[1:] != old[1:] else None


def main():
    for line in tap.part_of(WORDS.strip().splitlines())[0]:
        case, *words = line.split()
        with tempfile.TemporaryDirectory() as folder:
            tap.check(f'{case}: {words[-1]} in place of {words[1]}', check_word(case, *(int(word, 0) for word in words), folder))
    tap.finish()


main()
