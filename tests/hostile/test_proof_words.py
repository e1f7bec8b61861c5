#!/usr/bin/env python3
"""The proof is read, not assumed: every word of memory that a verdict calls strong or decisive evidence is corrupted in
a copy of the core. Without any one of them it must not be certain. Without any word that it cites, strong or not, it
must name no caller and invent none. So for damaged stacks; of every case, each word that is decisive for a finding is
inverted, and that finding must not stay certain.

A torn return address that loses its lower half too is a smashed one: that may be certain, if it is still put right."""
import pathlib
import tempfile

import dump_file
import tap

CASES = ('arm64-nonleaf-unwind', 'arm64-nonleaf-segv-stripped', 'arm64-leaf-unwind-stripped', 'amd64-late-silent',
         'amd64-late-crash-stripped')
DAMAGED_WORDS = ('torn-return', 'torn-pc', 'smashed-return', 'bit-flip')
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
        self.core = dump_file.Copy(tap.CASES / case / 'dump.zst', folder)
        self.expect = tap.expectation(case)
        self.args = [self.core.path, *tap.case_args(case)[1:], '--json', '--goroutines=all']

    def true_word(self, address):
        """What the word was before anybody overwrote it."""
        if address == self.expect.get('slot'):
            return self.expect['repaired']
        return f'{self.core.word(int(address, 16)):#x}' if address else None

    def run(self, changes):
        """The report with words changed, {address: value}."""
        return self.core.changed(changes, lambda: tap.Run(*self.args))


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


def decisive_words(finding, core):
    return sorted({int(item['address'], 16) for item in finding['evidence']
                   if item['kind'] == 'memory' and item['weight'] == 'decisive' and core.holds(int(item['address'], 16))})


def decisive_for_each(case, folder):
    victim = Victim(case, folder)
    done = victim.run({})
    if not tap.check(f'{case}: the undamaged copy is analysed', done.trouble(0)):
        return
    for finding in done.report['findings']:
        if finding['certainty'] != 'certain':
            continue
        for address in decisive_words(finding, victim.core):
            done = victim.run({address: ~victim.core.word(address)})
            still = [other for other in (done.report or {}).get('findings', ()) if other['certainty'] == 'certain' and
                     all(other[key] == finding[key] for key in ('rule', 'goroutine', 'thread'))]
            tap.check(f'{case}: {finding["rule"]} without [{address:#x}]', done.trouble(0) or still and 'still certain')


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
    for path in sorted(tap.CASES.glob('*/dump.zst')):
        with tempfile.TemporaryDirectory() as folder:
            decisive_for_each(path.parent.name, pathlib.Path(folder))
    tap.finish()


main()
