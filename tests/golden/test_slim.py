#!/usr/bin/env python3
"""`tornstack slim`: a slim dump gives the report of the dump that it was made from. Of a sample of the cases; with HOSTILE=full
(`make check-slim`) of all, and damaged in many places."""
import os
import pathlib
import re
import resource
import stat
import subprocess
import tempfile

import elf_file
import tap

# One of each kind: system, CPU, with and without executable, a core whose memory holds code and tables, cut short, deadlock, leak,
# what is found by a search of all memory.
SAMPLE = ['amd64-again-readers', 'amd64-c-callback', 'amd64-circle', 'amd64-deadlock', 'amd64-heap-kept', 'amd64-hoard',
          'arm64-nonleaf-unwind-stripped', 'arm64-tag-sync', 'windows-amd64-panic', 'windows-arm64-torn']

# Parts of a report that may differ, and what of them, by functions of both. Nothing else may. Of the file, not of the process:
ALLOWED = {'.input.compression': None, '.input.size': None, '.input.slim': None}

REPORTS = (['--json', '--goroutines=all', '-v'], ['-v'], [], ['--traceback'], ['--markdown'], ['--brief'],
           ['--html'], ['--format=folded'], ['--format=pprof'])


def cases():
    folders = [folder.name for folder in sorted(tap.CASES.iterdir())]
    return folders if tap.FULL else [case for case in folders if case in SAMPLE] or folders[:8]


def is_log(args):
    run = tap.Run(*args, '--json')
    return run.report is not None and run.report['input']['format'] == 'log'


def unlike(old, new, allowed, path=''):
    """Where two reports differ in what is not allowed: a text that says what and how, or None."""
    if old == new or path in allowed and (not allowed[path] or allowed[path](old, new)):
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [(old.get(key), new.get(key), f'{path}.{key}') for key in {**old, **new}]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        parts = [(a, b, f'{path}[]') for a, b in zip(old, new)]
    else:
        return f'{path}: {old!r} became {new!r}'
    return next((text for text in (unlike(a, b, allowed, where) for a, b, where in parts) if text), None)


def compared(old, new, allowed):
    """Of two runs with the same options."""
    if old.report is None:
        return different(shown(old.out), shown(new.out))
    return unlike(old.report, new.report, allowed)


def differences(args, folder, reports):
    """Makes a slim dump in the place of the dump, since where that lies is in reports too, and compares what is said of both."""
    before = [tap.Run(*args, *options) for options in reports]
    run = tap.Run('slim', *args, '--unredacted', '-o', folder / 'slim.zst')
    trouble = run.trouble(0)
    if trouble:
        return trouble
    args[0].unlink()
    (folder / 'slim.zst').rename(args[0])
    for options, old in zip(reports, before):
        new = tap.Run(*args, *options)
        trouble = old.trouble(0) or new.trouble(0) or compared(old, new, ALLOWED)
        if trouble:
            return f'{" ".join(options) or "text"}: {trouble}'
    return None


def different(left, right):
    if left == right:
        return None
    return '\n'.join(f'- {a}\n+ {b}' for a, b in zip(left, right) if a != b)[:2000] or 'one has more lines'


def shown(text):
    """Lines of a text, without the sizes of the file."""
    return re.sub(r'\(?zstd[^,)]*', '', text.decode(errors='replace')).splitlines()


# ---- what redaction removes ----

LETTERS = 'redacted' * 64
FOLDERS = re.compile(r'(?:/[^\s/,;"]+)*/(?=[^\s/])')
LOOKED_FOR = re.compile(r' It was looked for at .*') # names that the executable was called by
HIDDEN = re.compile(r'(?<![A-Za-z])(?:[acdert]{2,}|[ACDERT]{2,})(?![A-Za-z])|(?<=")[acdert](?=")|0x[0-9a-f]{8,16}|\b\d+(?= bits differ)')


def is_disguise(word):
    """A value that is text, as redaction writes it, or an address that is reckoned from such."""
    letters = set(int(word, 16).to_bytes(8, 'little')[2:]) if word else None
    return bool(letters) and any(letters <= set(text) for text in (b'redacted\0\n\t', b'REDACTED\0\n\t'))


def is_hidden(word):
    """Letters in place of a text, the name of a file that is no program, a number of bits of such."""
    return word.lower() in LETTERS or word == 'data' or word.isdigit() or (word.startswith('0x') and is_disguise(word))


def same_words(old, new):
    """Texts that differ in names of files, values that are text, and folders only: all words between these are the same."""
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    old, new = (FOLDERS.sub('', LOOKED_FOR.sub('', text)) for text in (old, new))
    pattern, at = '', 0
    for match in HIDDEN.finditer(new):
        if is_hidden(match.group()):
            pattern += re.escape(new[at:match.start()]) + '.{1,400}?'
            at = match.end()
    return re.fullmatch(pattern + re.escape(new[at:]), old, re.S) is not None


def disguised(_old, new):
    return is_disguise(new)


def program_of(old, new):
    """A command line, without its arguments and folder."""
    return bool(old) and pathlib.PurePosixPath(old.split()[0]).name == new


def left_out(_old, new):
    return new is None


# What was given to compilers and linkers may hold anything.
SETTINGS = ('-ldflags', '-gcflags', '-asmflags', 'CGO_CFLAGS', 'CGO_CPPFLAGS', 'CGO_CXXFLAGS', 'CGO_LDFLAGS')


REDACTED = {**ALLOWED, '.process.command': program_of,
            **{part: disguised for part in (
                '.process.fault.address', '.process.fault.pc', '.findings[].observed', '.findings[].pc', '.findings[].evidence[].observed',
                '.findings[].evidence[].address',
                *(f'.{stacks}[].{part}' for stacks in ('goroutine_groups', 'goroutines', 'threads') for part in ('frames[].pc', 'end_address')))},
            **{f'.build.settings.{name}': left_out for name in SETTINGS},
            **{part: same_words for part in (
                '.notes[]', '.target.executable_doubt', '.process.message', '.process.panic_lines[]', '.verdict.headline', '.verdict.narrative[]',
                '.verdict.unexplained[]', '.verdict.confirm[]',
                '.findings[].title', '.findings[].evidence[].text', '.findings[].rivals[].against', '.findings[].rivals[].for')}}


def writable(dump):
    """Of an ELF core the memory that the process could write; of others all. Elsewhere the end of a name may be any word."""
    if not dump.startswith(b'\x7fELF'):
        return dump
    return b''.join(dump[offset:offset + saved] for kind, flags, offset, _, _, saved, _, _ in elf_file.Elf(dump).programs
                    if kind == elf_file.PT_LOAD and flags & elf_file.PF_W)


def left_of_arguments(report, slim):
    """Arguments that a slim dump has, as the kernel puts them into memory, or None."""
    command = (report.get('process') or {}).get('command') or ''
    words = [word.encode() for word in command.split()[1:] if len(word) >= 4]
    whole = subprocess.run(['zstd', '-dcqf', str(slim)], capture_output=True, check=True).stdout
    memory = writable(whole)
    return ', '.join(str(word) for word in words if b'\0' + word + b'\0' in memory)


def redacted(args, folder):
    """The same for a redacted one."""
    before = tap.Run(*args, '--json', '--goroutines=all')
    run = tap.Run('slim', *args, '-o', folder / 'slim.zst')
    trouble = before.trouble(0) or run.trouble(0) or left_of_arguments(before.report, folder / 'slim.zst')
    if trouble:
        return trouble
    args[0].unlink()
    (folder / 'slim.zst').rename(args[0])
    after = tap.Run(*args, '--json', '--goroutines=all')
    return after.trouble(0) or compared(before, after, REDACTED)


def module_of(old, new):
    """The executable, by the name that it was given by, and by that which the process called it; of none the dump has."""
    return old in MODULES and (new is None or bool(new))


MODULES = ('exe', 'exe.zst')
IN_MODULE = re.compile(r'(?<=\()[^()/ ]+(?=\))|(?<![^ (])[^()/ ]+(?=\+0x)') # "(cfault)", "cfault+0x65bb9"
VARIABLE = re.compile(r'the global variable at 0x[0-9a-f]+')             # its name is the file's


def same_but_modules(old, new):
    """And but for the executable, by one other name, and the names of variables."""
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    names = set(IN_MODULE.findall(new)) - set(IN_MODULE.findall(old)) or {''}
    written = re.sub(r'(?<=\()exe(?:\.zst)?(?=\))|(?<![^ (])exe(?:\.zst)?(?=\+0x)', names.pop(), old)
    return not names and (same_words(written, new) or same_words(*without_variables(written, new)))


def without_variables(old, new):
    """The texts without the variable that has its name in the first only, which is the same in all places."""
    before, found, _ = new.partition('the global variable at 0x')
    name = re.match(r'[\w./*()]+', old[len(before):])
    if not found or not old.startswith(before) or not name:
        return old, new
    return old.replace(name.group(), ''), VARIABLE.sub('', new)


# Where no executable is, what was in it is in the dump: all but the file itself. The exact fingerprint has the
# build-id, which not every dump names beside its file.
ALONE = {**REDACTED, '.target.executable': None, '.target.executable_source': lambda old, new: (old, new) == ('given', 'memory'),
         '.target.stripped': lambda _, new: new is None, '.target.executable_identity': lambda _, new: new == 'none',
         '.threads[].frames[].module': module_of, '.goroutines[].frames[].module': module_of, '.fingerprint_exact': None,
         **{part: same_but_modules for part in (
             '.verdict.headline', '.verdict.narrative[]', '.findings[].title', '.findings[].evidence[].text', '.notes[]')}}


def has_modules(report):
    stacks = [*(report.get('threads') or []), *(report.get('goroutines') or [])]
    return any(frame['module'] in MODULES for stack in stacks for frame in stack['frames'])


def with_tables(args, folder):
    """The same of a redacted one that needs no executable. One of which it is not known whether it ran is not put in."""
    before = tap.Run(*args, '--json', '--goroutines=all')
    if before.report and before.report['target']['executable_identity'] not in ('same', 'equivalent'):
        return None
    run = tap.Run('slim', *args, '--with-tables', '-o', folder / 'slim.zst')
    (folder / 'alone').mkdir(exist_ok=True) # where no executable lies
    slim = (folder / 'slim.zst').rename(folder / 'alone' / args[0].name)
    after = tap.Run(slim, '--json', '--goroutines=all')
    trouble = before.trouble(0) or run.trouble(0) or after.trouble(0)
    allowed = {**ALONE, '.fingerprint': None} if not trouble and has_modules(before.report) else ALONE # it is of their names, too
    return trouble or compared(before, after, allowed)


def check_case(case, folder):
    args = tap.case_args(case)
    if is_log(args):
        tap.check(f'{case}: its text', redacted(moved(args, folder), folder))
        return
    tap.check(f'{case}: with its executable', differences(moved(args, folder), folder, REPORTS))
    tap.check(f'{case}: redacted', redacted(moved(args, folder), folder))
    if without_exe(args) != args:
        tap.check(f'{case}: with tables, without its executable', with_tables(moved(args, folder), folder))
        reports = REPORTS if tap.FULL else REPORTS[:1]
        tap.check(f'{case}: redacted, without', redacted(moved(without_exe(args), folder), folder))
        tap.check(f'{case}: without', differences(moved(without_exe(args), folder), folder, reports))


def moved(args, folder):
    """The dump by the same name in a folder where nothing else lies."""
    dump = folder / args[0].name
    dump.unlink(missing_ok=True)
    dump.symlink_to(args[0])
    return [dump, *args[1:]]


def without_exe(args):
    args = list(args)
    if '--exe' in args:
        at = args.index('--exe')
        del args[at:at + 2]
    return args


def check_file(folder):
    """Plain output, its mode, where it cannot be written, and what is refused."""
    args = tap.case_args(SAMPLE[1])
    slim, again = folder / 'slim', folder / 'again'
    tap.check('plain', tap.Run('slim', *args, '--unredacted', '-o', slim).trouble(0) or compared(
        *(tap.Run(dump, *args[1:], '--json', '--goroutines=all') for dump in (args[0], slim)), {**ALLOWED, '.input.name': None}))
    tap.check('it is its owner\'s alone', stat.S_IMODE(slim.stat().st_mode) != 0o600 and oct(slim.stat().st_mode))
    run = tap.Run('slim', *args, '--unredacted')
    tap.check('to standard output', run.trouble(0) or (run.out != slim.read_bytes() and 'other bytes'))
    tap.check('one thread and five', tap.Run('slim', *args, '--unredacted', '-j5', '-o', again).trouble(0) or
              (again.read_bytes() != slim.read_bytes() and 'other bytes'))
    run = tap.Run('slim', slim, '-o', again)
    tap.check('a slim dump is not made slim again', run.trouble(1) or ('slim already' not in run.err and run.err))
    listed = tap.Run('slim', *args, '--list')
    tap.check('what remains is listed', listed.trouble(0) or (b'code addresses' not in listed.out and listed.out.decode()))
    tap.check('it is no report', tap.Run('slim', *args, '--json').trouble(2))
    done = subprocess.run([str(tap.TORNSTACK), 'slim', *map(str, args), '-o', str(folder / 'none')], capture_output=True,
                          check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000)))
    tap.check('a full disk leaves nothing behind', (done.returncode != 1 or list(folder.glob('none*'))) and str(done))
    return slim


def broken(slim, folder):
    """Cut short, and with a byte changed, in the record above all."""
    whole = slim.read_bytes()
    copy = folder / 'broken'
    steps = 400 if tap.FULL else 12
    places = [len(whole) * i // steps for i in range(1, steps)]
    record = whole.find(b'tornslim')
    for at in places + [record + i * 4 + 8 for i in range(steps * 2)]:
        for name, changed in (('cut', whole[:at]), ('flip', whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])):
            copy.write_bytes(changed)
            trouble = tap.Run(copy, '--json').trouble(0, 1)
            if trouble:
                tap.check(f'damaged: {name} at {at}', trouble)
                return
    tap.check('damaged slim dumps give a report or an error')


def cut_dumps(folder):
    """Slim dumps of dumps that are cut short."""
    args = tap.case_args('amd64-circle')
    whole = subprocess.run(['zstd', '-dcq', str(args[0])], capture_output=True, check=True).stdout
    steps = 40 if tap.FULL else 3
    for i in range(1, steps):
        cut = folder / 'cut'
        cut.write_bytes(whole[:len(whole) * i // steps + 13])
        given = [cut, *args[1:]]
        trouble = tap.Run(*given).status != 1 and differences(given, folder, [['--json', '--goroutines=all']])
        if trouble:
            tap.check(f'cut after {i}/{steps}', trouble)
            return
    tap.check('dumps that are cut short')


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)
        part, first = tap.part_of(cases())
        for case in part:
            check_case(case, folder)
        if first:
            slim = check_file(folder)
            broken(slim, folder)
            cut_dumps(folder)
    tap.finish()


main()
