#!/usr/bin/env python3
"""bindings/python: what it gives is what the JSON report says, member by member; errors, threads, the example of docs/embedding.md."""
import concurrent.futures
import dataclasses
import os
import subprocess
import sys

import tap

OUT = tap.TORNSTACK.parent
os.environ['TORNSTACK_LIBRARY'] = str(OUT / 'libtornstack.so')
sys.path.insert(0, str(OUT / 'python'))
import tornstack  # noqa: E402

# One of each kind of input; with HOSTILE=full every case.
CASES = ['amd64-nil', 'amd64-stuck', 'amd64-panic', 'amd64-overflow', 'amd64-idle', 'arm64-nonleaf-unwind-stripped', 'amd64-near-torn',
         'windows-amd64-late-silent', 'windows-amd64-panic', 'amd64-memory']
NAMES = {'speaks_for': 'for', 'speaks_against': 'against', 'groups': 'goroutine_groups', 'goroutine_total': 'goroutine_count'}
STACK = ('frames', 'end', 'end_address', 'elided', 'elided_at')
# What structs leave out of the JSON, by their class.
LEFT_OUT = {
    'Report': {'tool', 'goroutine_total', 'exposures', 'observations', 'program', 'machine', 'build'},
    'Process': {'live'}, 'Target': {'go_releases'}, 'Finding': {'overrun'}, 'Verdict': {'runners_up'},
}


def plain(text):
    """As texts are on one line."""
    return text.replace('\n', '\\n').replace('\t', '\\t')


def differences(value, json, where):
    if dataclasses.is_dataclass(value):
        yield from object_differences(value, json, where)
    elif isinstance(value, list):
        if len(value) != len(json or []):
            yield f'{where}: {len(value)} items, not {len(json or [])}'
        for index, (item, other) in enumerate(zip(value, json or [])):
            yield from differences(item, other, f'{where}[{index}]')
    elif isinstance(value, tornstack.Certainty):
        if value.name.lower() != json:
            yield f'{where}: {value}, not {json}'
    elif isinstance(value, int) and isinstance(json, str):
        if hex(value) != json:
            yield f'{where}: {value:#x}, not {json}'
    elif isinstance(json, str):
        if value != plain(json):
            yield f'{where}: {value!r}, not {json!r}'
    elif value != ({} if isinstance(value, dict) and json is None else False if json is None and value is False else json):
        yield f'{where}: {value!r}, not {json!r}'


def object_differences(value, json, where):
    names = {field.name: NAMES.get(field.name, field.name) for field in dataclasses.fields(value)}
    for name, key in names.items():
        member = getattr(value, name)
        if name == 'stack':  # its members are those of what has it
            yield from differences(member, {key: json[key] for key in STACK if key in json}, f'{where}.{name}')
        else:
            yield from differences(member, json.get(key), f'{where}.{name}')
    known = set(names.values()) | (set(STACK) if 'stack' in names else set()) | LEFT_OUT.get(type(value).__name__, set())
    for key in set(json) - known:
        yield f'{where}: nothing has {key!r}'


def analyze(case, **options):
    args = tap.case_args(case)
    executables = [str(args[2])] if '--exe' in args else []
    return tornstack.analyze(args[0], executables=executables, sysroot=str(args[-1]), **options)


def trouble(case):
    everything = {'goroutines': tornstack.Goroutines.ALL}
    run = tap.Run(*tap.case_args(case), '--json', '--goroutines=all')
    if run.trouble(0):
        return run.trouble(0)
    report = analyze(case, **everything)
    found = list(differences(report, run.report, 'report'))
    if analyze(case, isolated=False, **everything) != report:
        found.append('it is another without isolation')
    return '\n'.join(found[:20])


def log_trouble(name):
    log = tap.ROOT / f'fixtures/logs/{name}/log.txt'
    run = tap.Run(log, '--json')
    return run.trouble(0) or '\n'.join(list(differences(tornstack.analyze(log), run.report, 'report'))[:20])


def code_of(path):
    try:
        tornstack.analyze(path)
    except tornstack.Error as error:
        return error.code if str(error) else 'no text'
    return None


def check_threads():
    names = ['amd64-nil', 'arm64-nonleaf-unwind-stripped', 'amd64-stuck'] * 3
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        reports = list(pool.map(analyze, names))
    tap.check('threads get what one gets', [a for a, b in zip(reports, reports[3:] + reports[:3]) if a != b])


def check_example():
    dumps = [tap.CASES / case / 'dump.zst' for case in ('amd64-nil', 'arm64-nonleaf-unwind-stripped', 'amd64-nil')]
    done = subprocess.run([sys.executable, str(tap.ROOT / 'docs/examples/triage.py'), *map(str, dumps), '/etc/passwd'],
                          env=dict(os.environ, PYTHONPATH=str(OUT / 'python')), capture_output=True, text=True)
    lines = done.stdout.splitlines()
    right = len(lines) == 6 and '  2  LIKELY' in lines[0] or '  2  CERTAIN' in lines[0]
    tap.check('the example sorts dumps by defect', None if right and '/etc/passwd: no-dump: ' in done.stderr else done.stdout + done.stderr)


def main():
    cases = sorted(folder.name for folder in tap.CASES.iterdir()) if tap.FULL else CASES
    for case in cases:
        tap.check(f'{case}: the structs say what the JSON says', trouble(case))
    for log in ('deadlock', 'race', 'chain'):
        tap.check(f'log {log}: the structs say what the JSON says', log_trouble(log))
    for path, code in (('/etc/passwd', 'no-dump'), ('/nonexistent', 'io'), (tap.TORNSTACK, 'no-dump')):
        tap.check(f'{path} is an error', None if code_of(path) == code else code_of(path))
    check_threads()
    check_example()
    tap.check('the version is the program\'s', None if f'tornstack {tornstack.version()}\n' == tap.Run('--version').out.decode() else tornstack.version())
    tap.finish()


main()
