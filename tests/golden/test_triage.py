#!/usr/bin/env python3
"""`tornstack triage`: what it takes, that none of it stops the others, that it goes on where it was killed, and what it prints."""
import collections
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import html5lib
import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from incidents import content_of, stamped  # noqa: E402

SCHEMA = json.loads((tap.ROOT / 'docs/triage.schema.json').read_text())
VALIDATOR = jsonschema.Draft202012Validator({key: value for key, value in SCHEMA.items() if key != '$id'})
LOGS = ('amd64-panic', 'amd64-bus', 'amd64-quit', 'amd64-registered', 'amd64-cgo-stripped')
KILLS = 10


def run(*args, stdin=None):
    return tap.Run('triage', *args, stdin=stdin)


def lines_of(run):
    return [json.loads(line) for line in run.out.decode().splitlines()]


def clusters_of(lines):
    return sorted((json.dumps(line, sort_keys=True) for line in lines if line['kind'] == 'cluster'))


def inputs_of(lines):
    return [line for line in lines if line['kind'] == 'input']


def fill(folder):
    """Logs, two of one crash, a dump with its executable, and what is neither."""
    folder.mkdir()
    for index, case in enumerate(LOGS):
        shutil.copy(tap.CASES / case / 'expected.traceback', folder / f'{case}.log')
        os.utime(folder / f'{case}.log', (1700000000 + 86400 * index,) * 2)
    below = folder / 'below'
    below.mkdir()
    shutil.copy(folder / 'amd64-panic.log', below / 'copy.log')
    (below / 'other.log').write_bytes(stamped((folder / 'amd64-panic.log').read_bytes(), 1700000000 + 86400))
    shutil.copy(tap.CASES / 'amd64-panic/dump.zst', below / 'dump.zst')
    shutil.copy(tap.CASES / 'amd64-panic/exe.zst', below / 'exe.zst')
    (below / '.hidden.log').write_bytes((folder / 'amd64-panic.log').read_bytes())
    (folder / 'notes.txt').write_text('nothing happened\n')
    return folder


def whole(folder):
    """Everything in a folder, as lines and as a table."""
    done = run('--json', folder)
    lines = lines_of(done)
    inputs, clusters = inputs_of(lines), [line for line in lines if line['kind'] == 'cluster']
    tap.check('status', done.status and f'{done.status} {done.err}')
    tap.check('lines are as the schema says', '\n'.join(f'{error.message[:300]}' for line in lines for error in VALIDATOR.iter_errors(line)))
    paths = sorted(line['path'] for line in inputs)
    expected = sorted(str(path) for path in folder.rglob('*') if path.is_file() and path.name not in ('.hidden.log', 'notes.txt', 'exe.zst'))
    tap.check('a line for each dump and log, once', paths != expected and f'{paths}\n{expected}')
    contents = {content_of(line) for line in inputs}
    tap.check('copies count once', sum(line['count'] for line in clusters) != len(contents) and lines)
    panic = [line for line in clusters if 'go-panic' in line['cause'] and line['count'] == 3]
    tap.check('a log, the log of a logger and the core of one crash are together', len(panic) != 1 and clusters)
    tap.check('it is as old as its oldest', panic and panic[0]['first_seen'] != '2023-11-14T22:13:20Z' and panic[0]['first_seen'])
    text = run(folder)
    tap.check('table', text.trouble(0) or (text.out.decode().count('2023-11-') < len(clusters) - 1 and text.out))
    tap.check('-q is the summary', None if run('-q', folder).out.decode().count('\n') == 1 else 'more')
    tap.check('-v says why', None if 'together: ' in run('-v', folder).out.decode() else 'it does not')
    return lines


def named(folder, lines):
    """The same inputs by other ways of naming them."""
    wanted = clusters_of(lines)
    with open(folder.parent / 'list', 'w', encoding='utf-8') as out:
        out.write('\n'.join(str(path) for path in folder.rglob('*.log') if not path.name.startswith('.')) + f'\n\n{folder}/below/dump.zst\n')
    with open(folder.parent / 'list', encoding='utf-8') as names:
        done = run('--json', '-', stdin=names)
    tap.check('names on standard input', clusters_of(lines_of(done)) != wanted and done.out[-2000:])
    done = run('--json', f'{folder}/*.log', f'{folder}/*/*.log', f'{folder}/below/dump.zst')
    tap.check('patterns', clusters_of(lines_of(done)) != wanted and done.out[-2000:])
    for jobs in '1', '5':
        done = run('--json', '-j', jobs, folder)
        tap.check(f'{jobs} at a time', clusters_of(lines_of(done)) != wanted and done.out[-2000:])
    done = run()
    tap.check('nothing named', done.trouble(2))


def damaged(folder):
    """What cannot be read is said, and costs nothing else."""
    bad = folder.parent / 'bad'
    shutil.copytree(folder, bad)
    unpacked = subprocess.run(['zstd', '-dc', bad / 'below/dump.zst'], capture_output=True, check=True).stdout
    (bad / 'cut.core').write_bytes(unpacked[:100])
    (bad / 'name \x1b[31m<script>\n.log').write_bytes((folder / 'amd64-panic.log').read_bytes() + b'\n')
    done = run('--json', bad, folder.parent / 'missing')
    lines = lines_of(done)
    failed = {line['path']: line['error']['code'] for line in inputs_of(lines) if 'error' in line}
    tap.check('status 1', done.status != 1 and done.status)
    tap.check('failures', failed != {str(bad / 'cut.core'): 'cut-short', str(folder.parent / 'missing'): 'io'} and failed)
    tap.check('which is told', None if 'cut.core' in done.err and 'missing' in done.err else done.err)
    tap.check('all others are there', len(inputs_of(lines)) != sum(1 for path in folder.rglob('*.*') if path.is_file()) - 3 + 3 and lines)
    done = run(bad)
    tap.check('no control character reaches the terminal', '\x1b' in done.out.decode() and done.out)
    page = run('--html', bad).out.decode()
    parser = html5lib.HTMLParser(strict=True)
    try:
        parser.parse(page)
        trouble = None
    except html5lib.html5parser.ParseError as error:
        trouble = f'{error} {parser.errors}'
    tap.check('page', trouble or ('<script>' in page and 'a name is markup') or ('name ' not in page and page[:2000]))


def archives(folder):
    archive = folder.parent / 'all.tar.gz'
    with tarfile.open(archive, 'w:gz') as out:
        out.add(folder, 'all')
    done = run('--json', archive)
    inputs = inputs_of(lines_of(done))
    logs = sum(1 for path in folder.rglob('*.log'))
    tap.check('an archive: its members', None if done.status == 0 and len(inputs) == logs + 1 else f'{done.err}{done.out[-2000:]}')
    tap.check('... by their names', None if str(archive) + '/all/below/dump.zst' in {line['path'] for line in inputs} else inputs)
    archive.write_bytes(archive.read_bytes()[:-2000])
    done = run('--json', archive)
    tap.check('an archive that is cut short', None if done.status == 1 and inputs_of(lines_of(done)) else f'{done.status} {done.out[-500:]}')
    archive.unlink()


def kill_at_random(folder, state, seed):
    """Runs with a state until it ends by itself, killed a few times before."""
    chance = random.Random(seed)
    for _ in range(KILLS):
        with subprocess.Popen([tap.TORNSTACK, 'triage', '--state', state, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=tap.environment_of(), start_new_session=True) as process:
            time.sleep(chance.uniform(0.005, 0.06))
            process.send_signal(signal.SIGKILL)
    return run('--json', '--state', state, folder)


def resumed(folder, lines):
    wanted = clusters_of(lines)
    state = folder.parent / 'state'
    done = kill_at_random(folder, state, 7)
    tap.check('killed ten times and resumed: the same clusters', clusters_of(lines_of(done)) != wanted and done.out[-3000:] + done.err.encode())
    counted = collections.Counter(line['path'] for line in inputs_of(lines_of(done)))
    tap.check('nothing twice', max(counted.values()) > 1 and counted)
    before = state.read_bytes()
    state.write_bytes(before[:-7])
    tap.check('a line that was cut off is made again', clusters_of(lines_of(run('--json', '--state', state, folder))) != wanted and 'differs')
    tap.check('from the state alone', clusters_of(lines_of(run('--json', '--state', state))) != wanted and 'differs')
    tap.check('the state is its owner\'s', state.stat().st_mode & 0o777 != 0o600 and oct(state.stat().st_mode))
    with open(state, 'r+b') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run('--state', state, folder)
        tap.check('another has the state', done.trouble(1) or ('another triage' not in done.err and done.err))
    damaged_state = folder.parent / 'damaged'
    damaged_state.write_bytes(before[:200] + b'\n' + before[200:])
    done = run('--state', damaged_state, folder)
    tap.check('a damaged state', done.trouble(1) or ('damaged' not in done.err and done.err))
    tap.check('... is left as it is', damaged_state.read_bytes() != before[:200] + b'\n' + before[200:] and 'it is not')
    full_disk(folder, wanted)


def full_disk(folder, wanted):
    state = folder.parent / 'full'
    full = subprocess.run(['prlimit', '--fsize=4000', tap.TORNSTACK, 'triage', '--state', state, folder], capture_output=True, check=False,
                          env=tap.environment_of(), timeout=tap.TIMEOUT)
    tap.check('no room for the state', full.returncode != 1 and full.returncode)
    tap.check('... which is said', b'File too large' not in full.stderr and full.stderr)
    tap.check('... and nothing is lost', not state.read_bytes().endswith(b'\n') and state.read_bytes()[-200:])
    tap.check('... and it goes on', clusters_of(lines_of(run('--json', '--state', state, folder))) != wanted and 'differs')


def kept_by_handle(folder):
    """What belongs to a crash that was kept is one input, with its time and host."""
    crashes = folder.parent / 'crashes'
    crashes.mkdir()
    name = 'service-01234567.1000.77.1700000000'
    shutil.copy(tap.CASES / 'amd64-panic/dump.zst', crashes / f'{name}.slim.zst')
    shutil.copy(folder / 'amd64-panic.log', crashes / f'{name}.txt')
    (crashes / f'{name}.json').write_text('{}')
    (crashes / f'{name}.record.json').write_text(json.dumps({'COREDUMP_TIMESTAMP': '1700000000000000', 'COREDUMP_HOSTNAME': 'web-7'}))
    inputs = inputs_of(lines_of(run('--json', crashes)))
    tap.check('a crash that was kept is one input', len(inputs) != 1 and inputs)
    tap.check('... of that time and host', inputs and (inputs[0]['seen'], inputs[0]['host']) != ('2023-11-14T22:13:20Z', 'web-7') and inputs)


def watched(folder):
    spool = folder.parent / 'spool'
    spool.mkdir()
    with subprocess.Popen([tap.TORNSTACK, 'triage', '--json', '--watch', spool], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=tap.environment_of()) as process:
        for case in LOGS[:2]:
            shutil.copy(folder / f'{case}.log', spool / f'{case}.log')
            lines = [json.loads(process.stdout.readline()) for _ in range(2)]
            tap.check(f'--watch: {case}', [line['kind'] for line in lines] != ['input', 'cluster'] and lines)
        process.terminate()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = fill(pathlib.Path(name) / 'dumps')
        lines = whole(folder)
        named(folder, lines)
        damaged(folder)
        archives(folder)
        resumed(folder, lines)
        kept_by_handle(folder)
        watched(folder)
    tap.finish()


if __name__ == '__main__':
    main()
