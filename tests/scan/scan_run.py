"""What the tests of `tornstack scan` share: executables of the fixtures, unpacked, and their scans."""
import json
import pathlib
import subprocess

import tap

SCHEMA = tap.ROOT / 'docs/scan.schema.json'
SARIF_SCHEMA = tap.ROOT / 'tests/scan/schema/sarif-2.1.0-rtm.5.json'


def unpacked(case, folder, name=None):
    """The executable of a case, in a folder."""
    path = pathlib.Path(folder) / (name or case)
    with open(path, 'wb') as file:
        subprocess.run(['zstd', '-dqc', tap.CASES / case / 'exe.zst'], stdout=file, check=True)
    return path


def program(name, folder):
    """One of tests/scan/programs, in a folder."""
    path = pathlib.Path(folder) / name
    with open(path, 'wb') as file:
        subprocess.run(['zstd', '-dqc', tap.ROOT / f'tests/scan/programs/{name}.zst'], stdout=file, check=True)
    return path


def scan(*args):
    """The parsed output of a scan with --json, and its status. Fails on anything else."""
    done = tap.Run('scan', '--json', *args)
    trouble = done.trouble(0, 1, 3)
    if trouble and done.status != 1:  # with status 1 there is a report, too
        raise SystemExit(f'{args}: {trouble}')
    return json.loads(done.out), done.status


def binary_of(*args):
    report, _ = scan(*args)
    assert len(report['binaries']) == 1, report['failures']
    return report['binaries'][0]


def found(binary, rule, **wanted):
    return [finding for finding in binary['findings'] if finding['rule'] == rule and
            all(finding.get(key) == value for key, value in wanted.items())]


def same(name, have, want):
    return tap.check(name, None if have == want else f'it is {have!r}, not {want!r}')
