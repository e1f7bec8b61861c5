#!/usr/bin/env python3
"""Whether the library's interface is one that older programs can use, by abidiff. Options may grow at their end, since their size is handed over;
nothing else may, least of all a struct that callers make without saying its size. Then, what this lets pass and what not: the header with
one change each.

usage: tests/library/abi.py OLD.abi NEW.abi    as abidw writes them"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))
import tap  # noqa: E402

# All of them are handed over with their sizes.
OPTIONS = re.compile('ts_((scan|triage|history)_)?options')

HEADER = (ROOT / 'lib/tornstack.h').read_text(encoding='utf-8')
LIBRARY = '''#include "tornstack.h"
struct ts_result ts_analyze_sized(const char *dump, const struct ts_options *options, size_t size, FILE *out)
{
	(void)dump; (void)options; (void)size; (void)out;
	return (struct ts_result){0};
}
'''
LAST, FIRST = '\tbool every_crash;\n', '\tconst char *const *executables;'
MIDDLE, FILTER = '\tconst char *title;\n', '\tint64_t waiting_over;'

# What is done, what of the header is replaced by what, and whether it may be.
CHANGES = (('nothing', '', '', True),
           ('an option more at the end', LAST, LAST + '\tint more;\n', True),
           ('three more at the end', LAST, LAST + '\tint more;\n\tconst char *text;\n\tuint64_t number;\n', True),
           ('one at the beginning', FIRST, '\tint more;\n' + FIRST, False),
           ('one in the middle', MIDDLE, MIDDLE + '\tuint64_t more;\n', False),
           ('the last one goes', LAST, '', False),
           ('one of another type', MIDDLE, '\tuint64_t title;\n', False),
           ('two change places', MIDDLE + '\tint64_t pid;', '\tint64_t pid;\n' + MIDDLE, False),
           ('one at the end, one in the middle goes', None, None, False),
           ('a filter grows', FILTER, '\tint64_t more;\n' + FILTER, False),
           ('a result grows at its end', '\tchar exposed[128];', '\tchar more[8];\n\tchar exposed[128];', False))


def description(header, folder, name):
    """What abidw says of a library with that header."""
    place = folder / name
    place.mkdir()
    (place / 'tornstack.h').write_text(header, encoding='utf-8')
    (place / 'library.c').write_text(LIBRARY, encoding='utf-8')
    library, out = place / 'library.so', place / 'library.abi'
    subprocess.run(['cc', '-g', '-std=c11', '-shared', '-fPIC', '-o', library, place / 'library.c'], check=True)
    subprocess.run(['abidw', '--headers-dir', place, '--drop-private-types', '--no-corpus-path', '--no-comp-dir-path', '--no-show-locs',
                    '--out-file', out, library], check=True)
    return out


def changed(old, new):
    """The header with a change; None: one grows while another goes."""
    if old is None:
        return changed(LAST, LAST + '\tint more;\n').replace(MIDDLE, '', 1)
    if old not in HEADER:
        raise ValueError(f'the header has no {old!r}')
    return HEADER.replace(old, new, 1)


def options_of(description):
    """Each as often as it is described: once by each source that has it."""
    return [one for one in description.iter('class-decl') if OPTIONS.fullmatch(one.get('name')) and one.get('size-in-bits')]


def as_long_as(old, new, out):
    """The new description, without what options have behind the end of the old ones: a program that was compiled with these hands over no more.
    abidiff has a suppression for that (has_data_member_inserted_at = end), which in its release 2.2 lets other changes of the struct pass."""
    tree = xml.etree.ElementTree.parse(new)
    sizes = {one.get('name'): int(one.get('size-in-bits')) for one in options_of(xml.etree.ElementTree.parse(old).getroot())}
    for now in options_of(tree.getroot()):
        size = sizes.get(now.get('name'), 0)
        if 0 < size < int(now.get('size-in-bits')):
            for member in [one for one in now.findall('data-member') if int(one.get('layout-offset-in-bits')) >= size]:
                now.remove(member)
            now.set('size-in-bits', str(size))
    tree.write(out)


def difference(old, new, folder):
    """What abidiff says that differs, or None."""
    cut = folder / 'cut.abi'
    as_long_as(old, new, cut)
    done = subprocess.run(['abidiff', '--no-added-syms', '--suppressions', ROOT / 'lib/libtornstack.suppr', old, cut],
                          capture_output=True, text=True, check=False)
    return f'{done.returncode} {done.stdout}{done.stderr}' if done.returncode else None


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tap.check(f'the interface is that of {sys.argv[1]}', difference(*sys.argv[1:3], folder))
        before = description(HEADER, folder, 'before')
        for i, (what, old, new, passes) in enumerate(CHANGES):
            found = difference(before, description(changed(old, new), folder, str(i)), folder)
            tap.check(f'{what}: {"passes" if passes else "is found"}', (found is None) != passes and (found or 'it is not'))
    tap.finish()


main()
