#!/usr/bin/env python3
"""`tornstack bundle`: an archive that holds the reports of a slim dump, or of a log's redacted text, and that; it is read back to the same
reports, and says what in it was changed. With HOSTILE=full (`make check-slim`) of every case."""
import io
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from bundle_file import FOLDER, unpack  # noqa: E402
from live import attach  # noqa: E402

REPORTS = {'report.txt': [], 'report.md': ['--markdown'], 'report.json': ['--json'], 'report.html': ['--html'],
           'goroutines.txt': ['--traceback']}
SAMPLE = ['amd64-circle', 'amd64-c-heap', 'amd64-registered', 'arm64-overrun-return', 'arm64-nonleaf-unwind-stripped', 'windows-amd64-overrun',
          'windows-arm64-torn']
LOGS = tap.ROOT / 'fixtures/logs'


def pack(members, bundle):
    """The same archive of other members."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode='w', format=tarfile.USTAR_FORMAT) as archive:
        for name, text in members.items():
            header = tarfile.TarInfo(FOLDER + name)
            header.size = len(text)
            archive.addfile(header, io.BytesIO(text))
    bundle.write_bytes(subprocess.run(['zstd', '-cq'], input=plain.getvalue(), capture_output=True, check=True).stdout)


def unequal(bundle, members, name):
    """Reports of the bundle, and of what it holds alone, that differ from those in it."""
    alone = bundle.parent / 'alone' / name # where no executable lies
    alone.parent.mkdir(exist_ok=True)
    alone.write_bytes(members[name])
    wrong = [f'{report}: {source}' for report, options in REPORTS.items() for source in (bundle, alone)
             if tap.Run(source, *options).out != members[report]]
    alone.unlink()
    return ', '.join(wrong)


def verdict(report):
    return [report['verdict'][key] for key in ('rule', 'certainty')]


def check_members(what, args, name, bundle):
    run = tap.Run('bundle', *args, '-o', bundle)
    if not tap.check(f'{what}: a bundle', run.trouble(0) or run.err):
        return
    members, _ = unpack(bundle)
    tap.check(f'{what}: its members', sorted(members) != sorted(['MANIFEST', name, *REPORTS]) and str(list(members)))
    folder = bundle.parent / 'members'
    folder.mkdir()
    for member, text in members.items():
        (folder / member).write_bytes(text)
    summed = subprocess.run(['sha256sum', '--strict', '-c', 'MANIFEST'], cwd=folder, capture_output=True, text=True, check=False)
    tap.check(f'{what}: sha256sum reads the manifest', summed.returncode and summed.stderr)
    shutil.rmtree(folder)
    tap.check(f'{what}: the same reports', unequal(bundle, members, name))
    old, new = tap.Run(*args, '--json'), tap.Run(bundle, '--json')
    tap.check(f'{what}: the verdict of the dump itself', old.trouble(0) or new.trouble(0) or (
        verdict(old.report) != verdict(new.report) and f'{verdict(old.report)}, {verdict(new.report)}'))


def cases():
    folders = [case.name for case in sorted(tap.CASES.iterdir())]
    return folders if tap.FULL else [case for case in folders if case in SAMPLE]


def evidence_of(case):
    return 'slim.dmp' if case.startswith('windows') else 'slim.core'


def check_cases(cases, folder):
    for case in cases:
        check_members(case, tap.case_args(case), evidence_of(case), folder / 'bug.tar.zst')


def check_logs(folder):
    for log in tap.part_of(sorted(LOGS.glob('*/*.txt')))[0]:
        check_members(f'{log.parent.name}/{log.stem}', [log], 'crash.log', folder / 'bug.tar.zst')


def check_redacted_log(folder):
    secret = 'customers-secret-word'
    log = folder / 'log'
    log.write_text(f'2026/11/29 {secret} starts\npanic: {secret} [recovered]\n\tpanic: {secret}\n\ngoroutine 7 [running] {{"user": "{secret}"}}:\n'
                   f'main.f(0xc000012345, {{0x74657263657378, 0x5}}, 0x{secret[:8].encode()[::-1].hex()})\n\t/home/{secret}/main.go:7 +0x1d\n'
                   f'main.main()\n\t/home/{secret}/main.go:12 +0x1d\nexit status 2\n{secret}\n', encoding='utf-8')
    run = tap.Run('slim', log, '-o', folder / 'slim')
    text = (folder / 'slim').read_bytes()
    tap.check('a log, redacted', run.trouble(0) or ((secret.encode() in text or secret[:8].encode()[::-1].hex().encode() in text or
                                                    b'panic: redacted [recovered]' not in text or b'main.main()\n\tmain.go:12 +0x1d' not in text)
                                                   and text.decode()))
    tap.check('… it gives the same verdict', verdict(tap.Run(folder / 'slim', '--json').report) != verdict(tap.Run(log, '--json').report)
              and text.decode())
    tap.check('… nothing of it in the bundle', tap.Run('bundle', log, '-o', folder / 'bug.tar.zst').trouble(0) or ', '.join(
        name for name, member in unpack(folder / 'bug.tar.zst')[0].items() if secret.encode() in member))
    if tap.FULL:
        check_tracebacks(folder)


def check_tracebacks(folder):
    """What the runtime printed of every case, as a log."""
    for path in sorted(tap.CASES.glob('*/expected.traceback')):
        before = tap.Run(path, '--json')
        if before.status:
            continue
        run = tap.Run('slim', path, '-o', folder / 'slim')
        after = tap.Run(folder / 'slim', '--json')
        tap.check(f'{path.parent.name}, printed', run.trouble(0) or after.trouble(0) or (
            verdict(before.report) != verdict(after.report) and f'{verdict(before.report)}, {verdict(after.report)}'))


def check_archive(folder):
    args, bundle, again = tap.case_args(SAMPLE[1]), folder / 'bug.tar.zst', folder / 'again'
    tap.check('it is its owner\'s alone', tap.Run('bundle', *args, '-o', bundle).trouble(0) or (
        stat.S_IMODE(bundle.stat().st_mode) != 0o600 and oct(bundle.stat().st_mode)))
    run = tap.Run('bundle', *args)
    tap.check('twice the same bytes', run.trouble(0) or (run.out != bundle.read_bytes() and 'other bytes'))
    run = tap.Run('bundle', *args, '-j5', '-o', again, environment={'SOURCE_DATE_EPOCH': '1700000000'})
    headers = unpack(again)[1]
    tap.check('the time of SOURCE_DATE_EPOCH, nobody\'s name', run.trouble(0) or (
        any((header.mtime, header.uid, header.uname, header.mode) != (1700000000, 0, '', 0o644) for header in headers) and str(headers)))
    tap.check('… and the same members', unpack(again)[0] != unpack(bundle)[0] and 'others')
    tap.check('no format', tap.Run('bundle', *args, '--json').trouble(2))
    tap.check('of a bundle none is made', tap.Run('bundle', bundle, '-o', again).trouble(1))
    changed(unpack(bundle)[0], again)
    broken(bundle, again)


def says(bundle, text):
    run = tap.Run(bundle)
    return run.trouble(0) or (text not in ' '.join(run.out.decode().split()) and run.out.decode()[-2000:])


def changed(members, bundle):
    pack(members, bundle)
    tap.check('packed by tar', tap.Run(bundle).trouble(0) or (tap.Run(bundle).out != members['report.txt'] and 'other text'))
    pack(dict(members, **{'report.md': b'# all is well\n'}), bundle)
    tap.check('a report that was changed', says(bundle, 'report.md in the bundle was changed'))
    pack({name: text for name, text in members.items() if name != 'report.html'}, bundle)
    tap.check('one that is missing', says(bundle, 'lacks a member that its manifest names: report.html'))
    pack(dict(members, more=b'more'), bundle)
    tap.check('one that is new', says(bundle, 'a member that its manifest does not name: more'))
    pack({name: text for name, text in members.items() if not name.startswith('slim')}, bundle)
    run = tap.Run(bundle)
    tap.check('without a dump', run.trouble(1) or ('neither a slim dump nor a log' not in run.err and run.err))
    pack(dict(members, **{'slim.core': bundle.read_bytes()}), bundle)
    tap.check('what is no slim dump', tap.Run(bundle).trouble(1))


def broken(bundle, copy):
    whole = bundle.read_bytes()
    plain = subprocess.run(['zstd', '-dcq', bundle], capture_output=True, check=True).stdout
    steps = 200 if tap.FULL else 10
    for text in (whole, plain):
        for at in [len(text) * i // steps for i in range(1, steps)] + [124, 156, 257, 600, 1100]:
            for cut in (text[:at], text[:at] + bytes([text[at] ^ 0xff]) + text[at + 1:]):
                copy.write_bytes(cut)
                trouble = tap.Run(copy, '--json').trouble(0, 1)
                if trouble:
                    tap.check(f'damaged at {at}', trouble)
                    return
    tap.check('damaged bundles give a report or an error')


def check_process(folder):
    """A process that runs: one snapshot, of which all is made."""
    bundle = folder / 'bug.tar.zst'
    if os.uname().machine != 'x86_64':
        return
    with attach.Process([attach.unpack('amd64-stuck', folder), 'order'], folder) as process:
        run = tap.Run('bundle', '--pid', process.pid, '-o', bundle)
    members, _ = unpack(bundle) if not run.status else ({}, None)
    tap.check('a process', run.trouble(0) or unequal(bundle, members, 'slim.core'))


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)
        part, first = tap.part_of(cases())
        check_cases(part, folder)
        check_logs(folder)
        if first:
            check_redacted_log(folder)
            check_archive(folder)
            check_process(folder)
    tap.finish()


main()
