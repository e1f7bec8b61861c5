#!/usr/bin/env python3
"""Reports are handed on: passwords of the command line and of the environment are not in them, unless asked for; who else
has an account cannot read one that is written; and a dump cannot ask what is on the machine that reads it."""
import os
import pathlib
import stat
import subprocess
import tempfile

import dump_file
import tap

CASE = 'amd64-cgo-stripped' # with a library of C, and a command line
OTHER = 'amd64-quit-stripped' # an executable of another build
PLANTED = {
    '-token hunter2 -q': ('hunter2', '-token *** -q'),
    '--db=u:hunter2@h/b': ('hunter2', '--db=***'),
    'u:hunter2@host -v': ('hunter2', '***@host -v'),
}
FORMS = ([], ['--verbose'], ['--json'], ['--json', '--goroutines=all'], ['--quiet'], ['--brief'], ['--markdown'], ['--html'], ['--traceback'], ['--format=folded'])
WHOLE = (['--quiet'], ['--brief'], ['--markdown'], ['--html']) # not of goroutines


def everything(path, *args):
    """All that is printed about a dump, in every form."""
    runs = [tap.Run(*command, path, *form, *args) for form in FORMS for command in ([], ['goroutines'])
            if not (command and form in WHOLE)]
    wrong = [run.trouble(0) for run in runs if run.trouble(0)]
    return ''.join(run.out.decode(errors='replace') + run.err for run in runs), '\n'.join(wrong)


def plant(copy, old, new):
    """Puts bytes over others of the dump's file, wherever they are."""
    data = copy.path.read_bytes()
    assert old in data and len(old) == len(new), (old, new)
    copy.path.write_bytes(data.replace(old, new))


def command_line(folder):
    packed = tap.CASES / CASE / 'dump.zst'
    for words, (secret, shown) in PLANTED.items():
        copy = dump_file.Copy(packed, folder)
        plant(copy, b'./callback '.ljust(32, b'\0'), b'./callback'.ljust(11) + words.encode().ljust(21, b'\0'))
        exe = ['--exe', tap.CASES / CASE / 'exe.zst', '--sysroot', folder]
        text, trouble = everything(copy.path, *exe)
        tap.check(f'{words}: masked', trouble or (secret in text and 'the secret is printed') or
                  (f'./callback {shown}' not in text and 'the rest is not'))
        text, trouble = everything(copy.path, *exe, '--unmasked')
        tap.check(f'{words}: --unmasked', trouble or (f'./callback {words}' not in text and 'it is not printed'))


def environment(folder):
    copy = dump_file.Copy(tap.CASES / CASE / 'dump.zst', folder)
    plant(copy, b'\0GOTRACEBACK=crash\0', b'\0GODEBUG=x=hunter2\0')
    exe = ['--exe', tap.CASES / CASE / 'exe.zst', '--sysroot', folder]
    text, trouble = everything(copy.path, *exe)
    tap.check('a variable: masked', trouble or ('hunter2' in text and 'the secret is printed') or
              ('"x=***"' not in text and 'its name is not'))
    text, trouble = everything(copy.path, *exe, '--unmasked')
    tap.check('a variable: --unmasked', trouble or ('"x=hunter2"' not in text and 'it is not printed'))


def places(root, path):
    """What may be at a path of the machine, one after the other."""
    at = root / path.lstrip('/')
    at.parent.mkdir(parents=True, exist_ok=True)
    yield 'nothing'
    at.write_text('a diary')
    yield 'a text'
    at.chmod(0)
    yield 'a file that may not be read'
    at.chmod(0o600)
    at.write_bytes(dump_file.unpacked(tap.CASES / OTHER / 'exe.zst', root).read_bytes())
    yield 'another executable'
    at.write_bytes(b'\x7fELF\x02\x01\x01' + bytes(200))
    yield 'a damaged executable'
    at.unlink()
    at.mkdir()
    yield 'a folder'
    at.rmdir()
    os.mkfifo(at)
    yield 'a pipe'
    at.unlink()
    pathlib.Path(f'{at}.zst').write_text('a diary')
    yield 'a text, called compressed'


def existence(folder):
    """The paths are those of the program and of libc in the core's list of mapped files."""
    alone = pathlib.Path(folder) / 'alone'
    alone.mkdir()
    copy = dump_file.Copy(tap.CASES / CASE / 'dump.zst', alone)
    data = copy.path.read_bytes()
    library = '/usr/lib/x86_64-linux-gnu/libc.so.6'
    at = data.index(b'/callback\0')
    program = data[data.rindex(b'\0', 0, at) + 1:at].decode() + '/callback'
    for path, exe in ((program, []), (library, ['--exe', tap.CASES / CASE / 'exe.zst'])):
        assert path.encode() in data, path
        with tempfile.TemporaryDirectory(dir=folder) as root:
            said = {what: everything(copy.path, '--sysroot', root, *exe) for what in places(pathlib.Path(root), path)}
            said_unmasked = {what: everything(copy.path, '--sysroot', root, *exe, '--unmasked')[0]
                             for what in places(pathlib.Path(root), path)}
        tap.check(f'{path}: --unmasked says of a text that it is none', None if 'Exec format error' in
                  said_unmasked['a text'] else said_unmasked['a text'][-800:])
        for what, (text, trouble) in said.items():
            tap.check(f'{path}: {what}', trouble or (text != said['nothing'][0] and 'what is printed tells that it is there'))
    (alone / 'callback').write_text('a diary')
    with_diary = everything(copy.path, '--sysroot', alone)
    (alone / 'callback').unlink()
    tap.check('a text beside the dump', None if with_diary == everything(copy.path, '--sysroot', alone) else 'told')
    for path, exe, word in ((program, [], 'its build-id is not the one'), (library, ['--exe', tap.CASES / CASE / 'exe.zst'], 'it is another build')):
        with tempfile.TemporaryDirectory(dir=folder) as root:
            for _ in zip(range(4), places(pathlib.Path(root), path)):
                said = everything(copy.path, '--sysroot', root, *exe, '--unmasked')[0]
            tap.check(f'{path}: --unmasked tells why it is not used', None if word in ' '.join(said.split()) else said[-800:])


def mode_of_output(folder):
    exe = pathlib.Path(folder) / 'report'
    for before in (None, 0o644):
        if before:
            exe.write_text('old')
            exe.chmod(before)
        for command in ([str(tap.TORNSTACK), str(tap.CASES / CASE / 'dump.zst'), '-o', str(exe)],
                        [str(tap.TORNSTACK), 'scan', str(tap.CASES / OTHER / 'exe.zst'), '-o', str(exe)]):
            subprocess.run(command, check=True, env=tap.environment_of(), preexec_fn=lambda: os.umask(0))
            mode = stat.S_IMODE(exe.stat().st_mode)
            tap.check(f'-o {"over an old file" if before else ""}: mode', None if mode == 0o600 else oct(mode))
            if before:
                exe.chmod(before)
        exe.unlink()


def main():
    for test in (command_line, environment, existence, mode_of_output):
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
    tap.finish()


main()
