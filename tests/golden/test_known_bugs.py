#!/usr/bin/env python3
"""Known bugs: which cases cite which, what is said of releases, and what `tornstack
explain` prints of them. What is expected comes from why.md of the cases and from the sources of Go."""
import pathlib
import re
import subprocess
import tempfile

import tap

# By the beginning of a case's name: the bugs that its findings cite. All other cases cite none.
CITED = {
    'amd64-aligned': {'golang/go#62326'},
    'arm64-heap-object': {'golang/go#80188'},
    'arm64-leaf-unwind': {'golang/go#73259 (leaf functions)'},
    'arm64-nonleaf-unwind': {'golang/go#73259'},
    'arm64-nonleaf-segv': {'golang/go#73259'},
    'windows-arm64-torn': {'golang/go#73259 (leaf functions)'},
    'windows-amd64-late-crash': {'golang/go#77975'},
    'windows-amd64-late-memory': {'golang/go#77975'},
    'windows-amd64-late-other': {'golang/go#77975'},
    'windows-amd64-late-plain': {'golang/go#77975'},
    'windows-amd64-late-silent': {'golang/go#77975'},
}


def same(name, have, want):
    tap.check(name, None if have == want else f'{have!r} instead of {want!r}')


def cited_by_cases():
    """What a row calls unverified is a hint, which cases of such crashes may have."""
    for case in sorted(path.name for path in tap.CASES.iterdir() if path.is_dir()):
        report = tap.Run('--json', *tap.case_args(case)).report
        cited = {bug['id'] for finding in report['findings'] for bug in finding['known_bugs'] if 'unverified' not in bug}
        same(f'{case}: cites', cited, next((bugs for name, bugs in CITED.items() if case.startswith(name)), set()))


def renamed(folder, file, release):
    """A file of a case of Go 1.23.11, as if it were of another release."""
    path = pathlib.Path(folder) / file
    data = subprocess.run(['zstd', '-dqc', tap.CASES / 'arm64-nonleaf-unwind-stripped' / f'{file}.zst'],
                          capture_output=True, check=True).stdout
    path.write_bytes(data.replace(b'go1.23.11', release.encode()))
    return path


def released(folder, release):
    """The report of a tear of another release: text and finding."""
    args = [renamed(folder, 'dump', release), '--exe', renamed(folder, 'exe', release), '--sysroot', folder]
    report = tap.Run('--json', *args).report
    text = ' '.join(tap.Run('--color=never', *args).out.decode().split())
    return text, next(finding for finding in report['findings'] if finding['rule'] == 'split-sp')


def releases(folder):
    for release, affects, words in (('go1.23.11', True, 'This binary: go1.23.11, affected.'),
                                    ('go1.23.12', False, 'This binary: go1.23.12, not in the affected range.'),
                                    ('go1.24rc1', True, 'This binary: go1.24rc1 (a development version), affected.'),
                                    ('go1.23-mk', True, 'This binary: go1.23-mk (a vendor\'s build, which may carry fixes), '
                                                        'affected.')):
        text, finding = released(folder, release)
        evidence = [item for item in finding['evidence'] if item['kind'] == 'version']
        same(f'{release}: affected', [(bug['id'], bug['affects_this_version']) for bug in finding['known_bugs']],
             [('golang/go#73259', affects)])
        same(f'{release}: is evidence', [item['weight'] for item in evidence], ['weak'])
        same(f'{release}: speaks for it', [item['for'] for item in evidence], [affects])
        tap.check(f'{release}: is said', None if words in text else text)
        same(f'{release}: a rebuild helps', 'Rebuild with a Go release' in text, affects)


def explained(argument=None):
    done = tap.Run('explain', *([argument] if argument else []))
    return done.out.decode() if not done.status else f'status {done.status}'


def fields(text):
    """The title of an explained bug, and what is said of it by name: lines that go on are indented."""
    title, rest = text.split('\n\n')
    rows = re.sub(r'\n {12}', ' ', rest).splitlines()
    return ' '.join(title.split()), {row[:12].strip(): row[12:] for row in rows}


def explanations():
    text = explained('golang/go#73259')
    for name in ('go#73259', '#73259', '73259'):
        same(f'explain {name}', explained(name), text)
    rows = fields(text)[1]
    same('explain: affected', rows['Affected'], '1.14.0 to 1.22.x, 1.23.0 to 1.23.11, 1.24.0 to 1.24.5')
    same('explain: fixed', rows['Fixed in'], '1.23.12, 1.24.6, 1.25')
    same('explain: where', rows['Where'], 'any system; arm64')
    same('explain: rules', rows['Rules'], 'split-sp')
    same('explain: the rest of it', rows['See also'], 'golang/go#73259 (leaf functions)')
    same('explain: by another issue', explained('compress#1145'), explained('klauspost/compress#1097'))
    same('explain: says what is not verified', 'Unverified' in explained('golang/go#64030'), True)
    same('explain: and only there', 'Unverified' in text, False)
    same('explain: no such bug', explained('7325'), 'status 2')
    rule = ' '.join(explained('split-sp').split())
    same('explain RULE: its bugs', re.findall(r'golang/go#73259(?: \(leaf functions\))?: ', rule),
         ['golang/go#73259: ', 'golang/go#73259 (leaf functions): '])


def listed():
    """Every rule and every bug has a line, and can be asked for by what the line begins with."""
    rules, bugs = (part.splitlines() for part in explained().split('\n\n'))
    table = (tap.ROOT / 'golang/known_bugs.def').read_text(encoding='utf-8')
    ids = re.findall(r'^KNOWN_BUG\("([^"]+)"', table, re.M)
    same('explain: lists the bugs', [re.split('  +', line)[0] for line in bugs], ids)
    for line in rules + bugs:
        name, title = re.split('  +', line, maxsplit=1)
        same(f'explain {name}', ' '.join(explained(name).split()).startswith(f'{name}: {title}'), True)


def document(ids):
    """docs/known-bugs.md: what `tornstack explain` says of each bug."""
    parts = ['# Known bugs\n\nWritten from `golang/known_bugs.def` by `UPDATE=1 tests/run known_bugs`. A finding cites a bug '
             'when it is of one of\nits rules and what the row needs is in the dump; "unverified" makes it a hint.\n']
    for bug in ids:
        title, rows = fields(explained(bug))
        parts.append(f'\n## {bug}\n\n{title[len(bug) + 2:]}\n\n')
        parts += [f'- {name}: {text}\n' for name, text in rows.items()]
    return ''.join(parts)


def documented():
    ids = re.findall(r'^KNOWN_BUG\("([^"]+)"', (tap.ROOT / 'golang/known_bugs.def').read_text(encoding='utf-8'), re.M)
    path, text = tap.ROOT / 'docs/known-bugs.md', document(ids)
    if tap.UPDATE:
        path.write_text(text, encoding='utf-8')
    tap.check('docs/known-bugs.md is what explain says',
              None if path.read_text(encoding='utf-8') == text else 'it differs: UPDATE=1 rewrites it')


def main():
    cited_by_cases()
    with tempfile.TemporaryDirectory() as folder:
        releases(folder)
    explanations()
    listed()
    documented()
    tap.finish()


main()
