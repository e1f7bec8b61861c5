#!/usr/bin/env python3
"""The proof is read, not assumed: every word of memory that a verdict calls strong or decisive evidence is corrupted in
a copy of the core. Without any one of them it must not be certain. Without any word that it cites, strong or not, it
must name no caller and invent none.

A torn return address that loses its lower half too is a smashed one: that may be certain, if it is still put right."""
import pathlib
import tempfile

import dump_file
import elf_file
import tap

CASES = ('arm64-nonleaf-unwind', 'arm64-nonleaf-segv-stripped', 'arm64-leaf-unwind-stripped', 'amd64-late-silent',
         'amd64-late-crash-stripped')
DAMAGED_WORDS = ('torn-return', 'torn-pc', 'smashed-return')
DAMAGES = {
    'inverted': lambda word: ~word,
    'zero': lambda word: 0,
    'next word': lambda word: word + 8,
    'one bit': lambda word: word ^ 0x10,
}


WEIGHTS = ('weak', 'fair', 'strong', 'decisive')


def proof_words(report, weights):
    """Addresses of the words of memory that speak for the verdict; with them those of the return addresses further up,
    which prove it together, however weak each is."""
    finding = tap.verdict_finding(report)
    return sorted({int(item['address'], 16) for item in (finding or {}).get('evidence', ())
                   if item['for'] and item['address'] and
                   (item['kind'] == 'memory' and item['weight'] in weights or item['kind'] == 'call-site')})


def certain_corruption(victim, report):
    """Rules that are certain of the damage: the case's own, and others where they put right what was not so."""
    return [finding['rule'] for finding in report['findings']
            if finding['certainty'] == 'certain' and
            (finding['rule'] == victim.expect['rule'] or
             finding['rule'] in DAMAGED_WORDS and finding['repaired'] != victim.true_word(finding['slot']))]


class Victim:
    def __init__(self, case, folder):
        self.case = case
        self.path = dump_file.unpacked(tap.CASES / case / 'dump.zst', folder)
        self.core = elf_file.Elf(self.path.read_bytes())
        self.expect = tap.expectation(case)
        self.args = [self.path, '--exe', tap.CASES / case / 'exe.zst', '--json', '--goroutines=all']

    def true_word(self, address):
        """What the word was before anybody overwrote it."""
        if address == self.expect.get('slot'):
            return self.expect['repaired']
        return f'{self.core.word(int(address, 16)):#x}' if address else None

    def run(self, changes):
        """The report with words changed, {address: value}."""
        kept = {address: self.core.word(address) for address in changes}
        with open(self.path, 'r+b') as file:
            for words in (changes, kept):
                for address, value in words.items():
                    file.seek(self.core.offset(address))
                    file.write((value & (1 << 64) - 1).to_bytes(8, 'little'))
                file.flush()
                if words is changes:
                    done = tap.Run(*self.args)
        return done


def one_by_one(victim, words):
    for address in words:
        for name, change in DAMAGES.items():
            done = victim.run({address: change(victim.core.word(address))})
            detail = done.trouble(0)
            if not detail and certain_corruption(victim, done.report):
                detail = 'still certain'
            tap.check(f'{victim.case}: [{address:#x}] {name}: not certain', detail)


def all_at_once(victim, words):
    for name, change in DAMAGES.items():
        done = victim.run({address: change(victim.core.word(address)) for address in words})
        detail = done.trouble(0)
        if not detail:
            detail = invented(victim, done.report)
        tap.check(f'{victim.case}: all words {name}: no caller invented', detail)


def invented(victim, report):
    """A text when the report is certain of the tear, or has a caller for it."""
    expect = victim.expect
    if certain_corruption(victim, report):
        return 'still certain'
    for finding in report['findings']:
        if finding['rule'] in DAMAGED_WORDS and finding['repaired'] not in (None, victim.true_word(finding['slot'])):
            return f'return address {finding["repaired"]} out of nothing'
        if finding['rule'] == 'split-sp' and finding['caller_pc'] is not None:
            return f'caller {finding["caller_pc"]} out of nothing'
    if 'stack' not in expect:
        return None
    goroutine = next((g for g in report['goroutines'] if g['id'] == expect['goroutine']), None)
    below = [frame['function'] for frame in (goroutine or {}).get('frames', ())]
    if expect['function'] in below:
        beyond = below[below.index(expect['function']) + 1:]
        true = expect['stack'][expect['stack'].index(expect['function']) + 1:]
        if beyond != true[:len(beyond)]:
            return f'invented callers: {beyond}'
    return None


def main():
    for case in CASES:
        if not (tap.CASES / case).is_dir():
            tap.check(f'{case}: exists', 'missing')
            continue
        with tempfile.TemporaryDirectory() as folder:
            victim = Victim(case, pathlib.Path(folder))
            done = victim.run({})
            if not tap.check(f'{case}: the undamaged copy is analysed', done.trouble(0)):
                continue
            words = proof_words(done.report, ('strong', 'decisive'))
            tap.check(f'{case}: the undamaged copy is certain',
                      None if certain_corruption(victim, done.report) else 'it is not')
            tap.check(f'{case}: has proof words', None if len(words) >= 2 else f'only {len(words)}')
            one_by_one(victim, words)
            all_at_once(victim, proof_words(done.report, WEIGHTS))
    tap.finish()


main()
