"""What the tests in Python share: one line of TAP per check, and how tornstack is run.

tests/run passes through the environment: TORNSTACK the program, BUILD the folder of the built test programs, CASES that
of the fixtures, HOSTILE quick or full, UPDATE set when goldens are to be rewritten, SLICE="2/4" the second of four parts of what goes over all cases.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import dump_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
TORNSTACK = pathlib.Path(os.environ.get('TORNSTACK', ROOT / 'build/tornstack')).resolve()
BUILD = pathlib.Path(os.environ.get('BUILD', ROOT / 'build/release')).resolve()
CASES = pathlib.Path(os.environ.get('CASES', ROOT / 'fixtures/cases')).resolve()
FULL = os.environ.get('HOSTILE') == 'full'
UPDATE = bool(os.environ.get('UPDATE'))
TIMEOUT = 120 if FULL else 60

_count = 0
_failed = 0


def part_of(names):
    """Those of the slice that is asked for, and whether it is the first, which does what is done once."""
    number, parts = map(int, os.environ.get('SLICE', '1/1').split('/'))
    return names[number - 1::parts], number == 1


def check(name, detail=None):
    """One check. It passed when detail is None or empty; else detail says what is wrong."""
    global _count, _failed
    _count += 1
    print(f'{"not ok" if detail else "ok"} {_count} - {name}')
    if detail:
        _failed += 1
        for line in str(detail).splitlines():
            print(f'# {line}')
    sys.stdout.flush()
    return not detail


def skip(name, why):
    """One check that this machine cannot do: nothing that `make deps` could install, nothing that tornstack could be at fault for."""
    check(f'{name} # SKIP {" ".join(str(why).split())[-200:]}')


def finish():
    print(f'1..{_count}')
    sys.exit(1 if _failed else 0)


def environment_of(**more):
    """That of the caller, without what changes a report or asks a network, and with `more`."""
    unwanted = ('DEBUGINFOD_URLS', 'TORNSTACK_DB', 'NO_COLOR', 'SOURCE_DATE_EPOCH', 'COLUMNS')
    return dict({key: value for key, value in os.environ.items() if key not in unwanted}, **more)


def memory_folder():
    """A temporary folder, in memory where the machine has such a place, for what is made safe on a disk (fsync(2)): that waits for what all others
    write at the same time, for many seconds on a busy disk."""
    return tempfile.TemporaryDirectory(dir='/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None)


def waits_of(process):
    """What a process and its children wait for: a line each with its name, state, ticks of CPU time and place in the kernel."""
    lines, todo = [], [process]
    while todo:
        folder = pathlib.Path(f'/proc/{todo.pop()}')
        try:
            name, rest = (folder / 'stat').read_text().rsplit(')', 1)
            fields = rest.split()
            lines.append(f'{name}) {fields[0]}, {fields[11]}+{fields[12]} ticks, {(folder / "wchan").read_text()}')
            todo += [int(child) for task in (folder / 'task').iterdir() for child in (task / 'children').read_text().split()]
        except OSError:
            continue  # it has ended
    return '\n'.join(lines)


class Run:
    """One run of tornstack: status (negative: killed by that signal), out, err, and report when out is JSON."""

    def __init__(self, *args, stdin=None, environment=()):
        environment = environment_of(**dict(environment))
        self.args = [str(arg) for arg in args]
        with subprocess.Popen([str(TORNSTACK), *self.args], stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment) as process:
            try:
                self.out, err = process.communicate(timeout=TIMEOUT)
                self.status, self.err = process.returncode, err.decode(errors='replace')
            except subprocess.TimeoutExpired:
                self.status, self.out, self.err = None, b'', waits_of(process.pid)
                process.kill()
        self.read_report()

    def read_report(self):
        self.report = None
        if self.status == 0 and '--json' in self.args:
            try:
                self.report = json.loads(self.out)
            except ValueError:
                pass

    def trouble(self, *allowed):
        """What is wrong with the way it ended, or None: it must end with one of the `allowed` statuses, without a
        sanitizer's complaint or a crash of the isolated part, say why when it fails, and print JSON only when it does not."""
        if self.status is None:
            return f'still running after {TIMEOUT} s\n{self.err}'
        if self.status not in allowed or re.search('Sanitizer|runtime error|tornstack: the analysis (crash|was|end)', self.err):
            return f'exit status {self.status}\n{self.err[-4000:]}'
        if self.status == 0 and '--json' in self.args and self.report is None:
            return 'what it printed is not JSON'
        if self.status == 1 and not self.err.strip():
            return 'status 1 asks for a reason on stderr'
        if self.status == 1 and '--json' in self.args:
            return None if self.failure() else f'status 1 asks for an object with `error`: {self.out[:1000]}'
        return 'status 1 asks for nothing on stdout' if self.status == 1 and self.out else None

    def failure(self):
        """The `error` of the object that stands in place of a report, which says what stderr says; None: there is none."""
        try:
            error = json.loads(self.out)['error']
        except (ValueError, KeyError):
            return None
        return error if error['code'] and self.err.strip() == f'tornstack: {error["text"]}' else None


def patch_of(case):
    """What patch.json says of a case that differs from another by a few words of memory, or None. {"of": CASE, "words":
    [{"address", "from", "to", "what"}]}, numbers as "0x…"."""
    path = CASES / case / 'patch.json'
    return json.loads(path.read_text()) if path.exists() else None


def patched_dump(case, patch):
    """The other case's dump, which may be such a one itself, with those words changed, unpacked once."""
    dump = BUILD / 'patched' / case / 'dump'
    sources = [CASES / case / 'patch.json', case_dump(patch['of'])]
    if dump.exists() and all(dump.stat().st_mtime > source.stat().st_mtime for source in sources):
        return dump
    dump.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dump.parent) as folder:
        copy = dump_file.Copy(sources[1], folder)
        for word in patch['words']:
            address, old, new = (int(word[key], 16) for key in ('address', 'from', 'to'))
            if not copy.holds(address) or copy.word(address) != old:
                raise ValueError(f'{case}: the word at {address:#x} is not {old:#x}')
            copy.write({address: new})
        copy.path.rename(dump)
    return dump


def case_dump(case):
    """The dump of a case, as a file that tornstack can be given."""
    patch = patch_of(case)
    return patched_dump(case, patch) if patch else CASES / case / 'dump.zst'


def case_args(case):
    """The command line for a case: dump, executable unless the dump is there to do without, and no library of this
    machine."""
    folder = CASES / case
    exe = ['--exe', folder / 'exe.zst'] if (folder / 'exe.zst').exists() else []
    return [case_dump(case), *exe, '--sysroot', folder]


def expectation(case):
    path = CASES / case / 'expect.json'
    return json.loads(path.read_text()) if path.exists() else None


def verdict_finding(report):
    index = report['verdict']['finding']
    return None if index is None else report['findings'][index]


CORRUPTION = ('split-sp', 'torn-return', 'torn-pc', 'smashed-return', 'bit-flip', 'late-kernel-write', 'sp-out-of-bounds', 'g-state',
              'unwinder-crash', 'heap-damage')


def wrong_certain(report, expect):
    """A text when a finding is certain and the truth of the case does not hold it, else None."""
    truths = [truth for truth in [expect, *expect.get('also', []), *expect.get('may', [])] if truth.get('rule')]
    for finding in report['findings']:
        if finding['certainty'] != 'certain':
            continue
        if not any(holds(finding, truth) for truth in truths):
            return f'wrongly certain: {finding["rule"]}: {finding["title"]}'
    return None


def holds(finding, truth):
    """Whether a finding says what the truth says, in rule, goroutine, function, pc, numbers and caller. A finding may
    leave out (null, "?") what it could not see."""
    keys = ('goroutine', 'function', 'pc', 'slot', 'observed', 'repaired', 'sp_error', 'caller_pc', 'caller_sp')
    return finding['rule'] == truth['rule'] and all(
        finding.get(key) in (None, '?') or finding[key] == truth[key] for key in keys if key in truth)
