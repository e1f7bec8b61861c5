#!/usr/bin/env python3
"""Cores that an arm64 kernel writes itself, in a virtual machine with tagged memory, signed return addresses and SVE, and what
tornstack says of them: the cause, the frames of C, and every goroutine against what the runtime printed.

usage: tests/live/arm64_vm.py [--folder build/arm64-vm] [--pages "4k 16k"] [--only WORD…]

Needs what fixtures/src/arm64_vm/README.md says; minutes the first time (70 MB of packages), then some seconds for each end. The kernel
of 64 KB pages is compiled when it is asked for: --pages 64k. Prints TAP; dumps are kept in FOLDER/PAGES/NAME.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap
from live import compare

SOURCES = tap.ROOT / 'fixtures/src/arm64_vm'
SECONDS_PER_END = 240    # of a machine that does other things too
# The thread that C made gets a goroutine when the runtime, which has printed all others by then, sends it a signal.
ADOPTED = 'the runtime did not print it (syscall)'


@dataclasses.dataclass(frozen=True)
class End:
    """What a program's source says that happens, and what must be said of it."""
    program: str
    words: str
    printed: str                 # by the runtime: a regular expression; else the end was another one
    rule: str
    certainty: str = 'certain'
    function: str = None
    frames: tuple = ()           # of C, from the fault on: the functions of the source that must follow each other
    says: tuple = ()             # regular expressions, each somewhere in the report
    never: tuple = ('"rule": "(split-sp|torn-|smashed-|bit-flip|heap-damage|sp-out|g-state)',)
    tries: int = 1               # in how many one ends so

    @property
    def name(self):
        return f'{self.program}-{self.words.replace(" ", "-")}'


ENDS = (
    End('tagged', 'sync', 'sigcode=9 ', 'cgo-fault', function='load', frames=('load', 'load_with_other_tag', 'die'),
        says=('tag of the pointer is not that of the memory', 'SEGV_MTESERR')),
    End('tagged', 'async', 'sigcode=8 addr=0x0', 'cgo-fault', 'likely', says=('SEGV_MTEAERR', 'instruction nor its address is told'),
        never=('accessed 0x0', 'nil, or an offset')),
    End('tagged', 'unmapped', 'sigcode=1 addr=0x1234560', 'cgo-fault', function='load', frames=('load', 'load_unmapped', 'die'),
        says=('which was 0x5a00000001234560; the CPU ignores',)),
    # With 52 bits of address a signature has three bits: one of eight wrong ones fits.
    End('tagged', 'flip', 'PC=0x[2-7]0000000[0-9a-f]{6} ', 'cgo-fault', says=('signature .*does not fit',), tries=8),
    End('tagged', 'smash', 'PC=0x[0-9a-f]+41414141 ', 'cgo-fault', tries=8),
    End('tagged', 'sve', 'sigcode=1 addr=0x1234560', 'cgo-fault', function='load_vector', frames=('load_vector', 'die')),
    End('tagged', 'panic', 'panic: beside tagged pointers', 'go-panic'),
    End('mapped', 'readonly', 'SIGSEGV.*code=0x2 ', 'mapped-file', function='main.(*page).put', says=('offset 0x41eb0',)),
    End('mapped', 'high', 'addr=0x8000000041eb0 ', 'mapped-file', function='main.(*page).put', says=('offset 0x41eb0',),
        never=('none that the CPU can form',)),
    End('mapped', 'short', 'SIGBUS.*code=0x2 ', 'mapped-file', function='main.(*page).get', says=('offset 0x41eb0', 'BUS_ADRERR')),
    End('signed', 'c fault', 'addr=0x1234560', 'cgo-fault', function='end', frames=('end', *['down'] * 6, 'in_c')),
    End('signed', 'sorted abort', 'SIGABRT', 'cgo-fault', function='end', says=('C called abort',),
        frames=('end', 'down', 'down', 'down', 'compare')),
    End('signed', 'alloca trap', 'SIGTRAP', 'cgo-fault', function='end', frames=('end', 'down', 'down', 'with_alloca')),
    End('signed', 'nested fault', 'addr=0x1234560', 'cgo-fault', function='end', frames=('end', *['down'] * 6, 'in_c')),
    End('signed', 'nested callback', 'panic: in a callback', 'go-panic'),
    # Of a thread that is not Go's, the runtime prints nothing.
    End('signed', 'thread fault', r'\A\Z', 'cgo-fault', function='end', frames=('end', *['down'] * 6, 'in_c', 'body')),
    # The runtime has no stack for signals yet, and prints nothing.
    End('refused', 'stack', r'\A\Z', 'refused-call', function='runtime.sigaltstack', says=('call sigaltstack', 'x8 has the number of that call'),
        never=('"rule": "(bad-pointer|nil-deref)"',)),
    End('refused', 'wake', r'addr=0x1006\b', 'refused-call', function='runtime.futexwakeup', says=(r'futex: .*EPERM',)),
    End('refused', 'thread', 'errno=1', 'refused-call', function='runtime.newosproc', says=(r'clone: .*EPERM',)),
    End('signed', 'go x', 'panic: beside signed frames', 'go-panic'),
)


def prepare(folder, pages):
    for kernel in pages:
        verb = 'kernel' if kernel == '64k' else 'setup'
        if not (folder / kernel / 'Image').exists():
            subprocess.run([SOURCES / 'vm.sh', verb, folder], check=True)
    subprocess.run([SOURCES / 'build.sh', folder], check=True)


def run(folder, pages, ends):
    """All ends in one machine; each as often as one needs tries."""
    with tempfile.NamedTemporaryFile('w', suffix='.sh') as job:
        for end in ends:
            for number in range(end.tries):
                print(f'run {end.name}.{number} {end.program} {end.words}', file=job)
        job.flush()
        environment = dict(os.environ, SECONDS_AT_MOST=str(SECONDS_PER_END * sum(end.tries for end in ends)))
        subprocess.run([SOURCES / 'vm.sh', 'run', folder, pages, 'max', 'on', job.name, folder / pages], check=True,
                       env=environment)


def c_names(report):
    """Of the thread that the fault stopped: the functions that are not Go's, in order."""
    crashed = [thread for thread in report['threads'] if thread['crashed']]
    threads = crashed + [thread for thread in report['threads'] if not thread['crashed']]
    return [[frame['function'] for frame in thread['frames'] if not frame['file']] for thread in threads]


def follows(names, wanted):
    return any(tuple(names[at:at + len(wanted)]) == wanted for at in range(len(names)))


def troubles(end, folder, exe):
    """What is wrong, one text each."""
    done = tap.Run(folder / 'core', '--exe', exe, '--json', '--goroutines=all')
    trouble = done.trouble(0)
    if trouble:
        return [trouble]
    report, found = done.report, []
    verdict, text = report['verdict'], json.dumps(report)
    if (verdict['rule'], verdict['certainty']) != (end.rule, end.certainty):
        found.append(f'{verdict["certainty"]} {verdict["rule"]}: {verdict["headline"]}')
    function = verdict['finding'] is not None and report['findings'][verdict['finding']]['function']
    if end.function and function != end.function:
        found.append(f'in {function} instead of {end.function}')
    if end.frames and not any(follows(names, end.frames) for names in c_names(report)):
        found.append(f'no thread has {end.frames}: {c_names(report)}')
    found += [f'it does not say "{words}"' for words in end.says if not re.search(words, text)]
    found += [f'it says "{words}"' for words in end.never if re.search(words, text)]
    if not (folder / 'stderr').stat().st_size:
        return found
    outcomes = compare.compare_dump(folder / 'core', exe, folder / 'stderr')
    return found + [f'{outcome.subject}: {outcome.detail}' for outcome in outcomes
                    if outcome.kind == compare.DIFFERENT and not (end.program == 'signed' and outcome.detail == ADOPTED)]


def judge(end, folder, pages):
    runs = [folder / pages / f'{end.name}.{number}' for number in range(end.tries)]
    texts = {place: (place / 'stderr').read_text(errors='replace') for place in runs if (place / 'core').exists()}
    wanted = [place for place in texts if re.search(end.printed, texts[place])]
    if not wanted:
        return f'the runtime printed no "{end.printed}" in {len(texts)} of {end.tries} runs'
    return '\n'.join(trouble for place in wanted for trouble in troubles(end, place, folder / 'share/bin' / end.program))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/arm64-vm')
    parser.add_argument('--pages', type=str.split, default=['4k', '16k'])
    parser.add_argument('--only', nargs='+', default=[''])
    options = parser.parse_args()
    ends = [end for end in ENDS if any(word in end.name for word in options.only)]
    folder = options.folder.resolve()
    prepare(folder, options.pages)
    for pages in options.pages:
        run(folder, pages, ends)
        for end in ends:
            tap.check(f'{pages} {end.name}', judge(end, folder, pages))
    tap.finish()


main()
