#!/usr/bin/env python3
"""The outputs of tornstack scan: JSON and SARIF obey their schemas, text, JSON and SARIF are what they were
(tests/scan/expected; UPDATE=1 rewrites them, read the difference), nothing depends on the number of workers, and there is
progress on a terminal only."""
import copy
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import jsonschema

import tap
import terminal
from scan_run import SARIF_SCHEMA, SCHEMA, same, unpacked

EXPECTED = tap.ROOT / 'tests/scan/expected'
CASES = {'nonleaf': 'arm64-nonleaf-unwind-stripped', 'leaf': 'arm64-leaf-unwind', 'rsan.exe': 'windows-amd64-late-crash',
         'sound': 'amd64-live-stripped'}
FORMS = {'txt': ['--color=never'], 'verbose.txt': ['--color=never', '-v'], 'json': ['--json'], 'sarif': ['--sarif']}


def run(folder, *args):
    done = subprocess.run([str(tap.TORNSTACK), 'scan', *args], cwd=folder, capture_output=True, timeout=tap.TIMEOUT)
    return done.stdout.decode()


def goldens(folder):
    for name in CASES:
        for form, options in FORMS.items():
            path = EXPECTED / f'{name}.{form}'
            have = run(folder, *options, name)
            if form in ('json', 'sarif'):
                have = json.dumps(json.loads(have), indent=1, ensure_ascii=False) + '\n'
            if tap.UPDATE:
                path.write_text(have, encoding='utf-8')
            want = path.read_text(encoding='utf-8') if path.exists() else ''
            tap.check(f'{path.name}', None if have == want else f'it is\n{have[:2000]}')
            if form.endswith('txt'):
                long = [line for line in have.splitlines() if len(line) > 100]
                tap.check(f'{path.name} fits 100 columns', '\n'.join(long))


def complaints(schema, document):
    validator = jsonschema.validators.validator_for(schema)(schema)
    return '\n'.join(f'{list(error.path)}: {error.message[:200]}' for error in list(validator.iter_errors(document))[:5])


def schemas(folder):
    own = json.loads(SCHEMA.read_text())
    sarif = json.loads(SARIF_SCHEMA.read_text())
    jsonschema.validators.validator_for(own).check_schema(own)
    for args in (list(CASES), ['absent'], ['sound'], ['.']):
        report = json.loads(run(folder, '--json', *args))
        tap.check(f'JSON of {args} is valid', complaints(own, report))
        log = json.loads(run(folder, '--sarif', *args))
        tap.check(f'SARIF of {args} is valid', complaints(sarif, log))
    broken = copy.deepcopy(log)
    broken['runs'][0]['results'][0]['level'] = 'terrible'
    tap.check('SARIF that is not valid is found out', None if complaints(sarif, broken) else 'it is not')
    broken = copy.deepcopy(report)
    broken['binaries'][0]['surprise'] = 1
    tap.check('JSON that is not valid is found out', None if complaints(own, broken) else 'it is not')


def sarif_says_what_json_says(folder):
    log = json.loads(run(folder, '--sarif', *CASES))['runs'][0]
    report = json.loads(run(folder, '--json', *CASES))
    findings = [finding for binary in report['binaries'] for finding in binary['findings']]
    same('SARIF has the findings', [(r['ruleId'], r['level']) for r in log['results']],
         [(f['rule'], f['level']) for f in findings])
    same('SARIF: rules by index', [log['tool']['driver']['rules'][r['ruleIndex']]['id'] for r in log['results']],
         [f['rule'] for f in findings])
    places = [(r['locations'][0]['physicalLocation'].get('address', {}).get('absoluteAddress')) for r in log['results']]
    same('SARIF: addresses', places, [f['pc'] and int(f['pc'], 16) for f in findings])


def workers(folder):
    for options in (['--json'], ['--sarif'], ['-v']):
        outputs = {run(folder, *options, f'-j{n}', '.', 'leaf') for n in (1, 2, 3, 16)}
        tap.check(f'{options}: the number of workers does not matter', None if len(outputs) == 1 else 'it does')


def output_file(folder):
    path = f'{folder}/out.sarif'
    whole = run(folder, '--sarif', 'leaf')
    run(folder, '--sarif', '-o', path, 'leaf')
    with open(path, encoding='utf-8') as file:
        tap.check('-o writes the same', None if file.read() == whole else 'it differs')
    os.unlink(path)


def many(folder):
    """Of several, those without findings are counted; -v names them."""
    for name in ('a', 'b'):
        shutil.copy(f'{folder}/sound', f'{folder}/sound-{name}')
    short, long = (run(folder, '--color=never', *options, 'leaf', 'sound-a', 'sound-b') for options in ((), ('-v',)))
    tap.check('sound ones are counted', None if 'found in 2 executables' in short and 'sound-a' not in short else short)
    tap.check('-v names them', None if 'sound-a: linux' in long and 'sound-b: linux' in long else long)


def progress(folder):
    """Named often enough that a scan takes over a second."""
    names = ['sound', 'leaf']
    seconds = 0
    while seconds < 2 * terminal.SILENT:
        names *= 2
        start = time.monotonic()
        done = subprocess.run([str(tap.TORNSTACK), 'scan', '-q', *names], cwd=folder, capture_output=True, timeout=tap.TIMEOUT)
        seconds = time.monotonic() - start
        same('no progress without a terminal', done.stderr, b'')
    shown = terminal.Run('scan', '-q', *names, cwd=folder)
    line = re.compile(r'scanning \[#* *\] \d+ %, \d+ of \d+(, \d+ s left)?: (sound|leaf)')
    tap.check('progress on a terminal', None if shown.screen.seen and all(
        line.fullmatch(text) for text in shown.screen.seen if text) else shown.screen.seen)
    tap.check('progress is gone', None if shown.screen.text() == '' and not shown.screen.odd else repr(shown.sent))


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES.items():
            unpacked(case, folder, name)
        for part in (goldens, schemas, sarif_says_what_json_says, workers, output_file, many, progress):
            part(folder)
    tap.finish()


main()
