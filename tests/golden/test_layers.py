#!/usr/bin/env python3
"""tests/layers finds what it is there for, each planted in a copy of the tree; and what it cannot see: folders of a layer
whose rows form a circle, and circles of files that call each other (by their symbols)."""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap

LAYERS = ('base', 'formats', 'golang', 'analyzer', 'heuristics', 'scan', 'report', 'fleet', 'lib', 'cli')
# Recursion of the problem: a walk that meets a damaged word proves what it was by walking on (docs/architecture.md).
KNOWN_CIRCLES = [{'analyzer/unwind/' + name for name in
                  ('bridge', 'damage', 'damage_doubt', 'foreign', 'injected', 'past_damage', 'record', 'thread', 'torn',
                   'unwind', 'windows')}]


def run(tree):
    return subprocess.run([str(tree / 'tests/layers'), str(tree)], capture_output=True, text=True)


def expect(name, tree, complaint):
    done = run(tree)
    tap.check(name, None if done.returncode and complaint in done.stderr else
              f'status {done.returncode}, {done.stderr.strip() or "no complaint"}; wanted: {complaint}')


def plant(tree, name, file, line, complaint):
    path = tree / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or '') + line)
    expect(name, tree, complaint)
    if before is None:
        shutil.rmtree(path.parent)
    else:
        path.write_text(before)


def rows():
    text = (tap.ROOT / 'tests/layers').read_text()
    table = re.search(r"^layers='\n(.*?)^'$", text, re.M | re.S).group(1)
    found = dict(line.split(': ', 1) for line in table.splitlines())
    for folder, allowed in found.items():
        names = set()
        for name in allowed.split():
            names |= {other for other in found if other.startswith(name[:-1])} if name.endswith('/*') else {name}
        found[folder] = names - {folder}
    return found


def circles(edges):
    """The strongly connected components with more than one member (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(set(stack[at:]))
            del stack[at:]

    for node in edges:
        if node not in index:
            visit(node)
    return found


def calls():
    """Which object of the build needs which, by nm."""
    defined, needed = {}, collections.defaultdict(set)
    for layer in LAYERS:
        for path in sorted((tap.BUILD / layer).rglob('*.o')):
            name = str(path.relative_to(tap.BUILD))[:-len('.o')]
            if not (tap.ROOT / f'{name}.c').exists():
                continue # of a file that is gone
            for line in subprocess.run(['nm', str(path)], capture_output=True, text=True, check=True).stdout.splitlines():
                kind, symbol = line.split()[-2:]
                if kind in 'TDBRC':
                    defined[symbol] = name
                elif kind == 'U':
                    needed[name].add(symbol)
    return {name: {defined[symbol] for symbol in symbols if symbol in defined} - {name}
            for name, symbols in needed.items()}


def main():
    os.environ['LC_ALL'] = 'C.UTF-8'
    done = run(tap.ROOT)
    tap.check('the tree is in order', None if done.returncode == 0 else done.stderr)
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        for layer in LAYERS:
            shutil.copytree(tap.ROOT / layer, tree / layer)
        (tree / 'tests').mkdir()
        shutil.copy(tap.ROOT / 'tests/layers', tree / 'tests/layers')
        plant(tree, 'an upward include', 'golang/types.c', '#include "analyzer/analysis.h"\n',
              'golang/ must not include analyzer/')
        plant(tree, 'an include across two rooms', 'analyzer/waits/waits.c', '#include "analyzer/state/state.h"\n',
              'analyzer/waits/ must not include analyzer/state/')
        plant(tree, 'a folder without a row', 'report/fax/fax.c', '/* fax.c */\n', 'report/fax/: tests/layers does not say')
        plant(tree, 'a library outside of its file', 'report/json/json.c', '#include <jansson.h>\n', '<jansson> belongs in')
        plant(tree, 'an include that is not from the root', 'base/arena.c', '#include "arena.h"\n',
              'by its path from the root')
    rooms = {folder: {other for other in allowed if '/' in other} for folder, allowed in rows().items() if '/' in folder}
    tap.check('rooms form no circle', '\n'.join(map(str, circles(rooms))))
    edges = calls()
    tap.check('the build has objects of all layers', None if len(edges) > 200 else f'only {len(edges)}')
    found = circles(edges)
    tap.check('files form no circle but the walk', '\n'.join(str(sorted(one)) for one in found if one not in KNOWN_CIRCLES))
    tap.check('each known circle is one', '\n'.join(str(sorted(one)) for one in KNOWN_CIRCLES if one not in found))
    tap.finish()


main()
