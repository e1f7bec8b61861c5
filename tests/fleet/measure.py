#!/usr/bin/env python3
"""How well `tornstack triage` puts together what generate.py made: pairs of inputs of one cluster that have one cause (precision), and pairs of
one cause that are in one cluster (recall); for the exact fingerprint, and for clusters.

measure.py FOLDER [--table FILE] [--state FILE]
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402
from live import fingerprints, table  # noqa: E402


def is_told(cause, kind):
    """Of a function of C that another one called a log has no name: which of several it was nobody could tell."""
    return kind == 'core' or cause.removeprefix('crashes/') not in fingerprints.DEEPER


def labels_of(folder):
    """Of each path: cause, release, way, kind; and the way to the cause, which of fingerprints is asked."""
    rows = (line.split('\t') for line in (folder / 'labels.tsv').read_text().splitlines())
    return {str(folder / row[0]): [*row[1:], pathlib.PurePath(row[0]).name.split('.')[0]] for row in rows if is_told(row[1], row[4])}


def names_program(label):
    return '-trimpath' in fingerprints.WAYS[label[2]].flags


def pairs(count):
    return count * (count - 1) // 2


def judged(labels, groups, what=0):
    """Pairs within each group, those of them that are of one cause, and pairs of one cause; `groups`: path to group; `what`: which label."""
    by_group, by_cause, both = collections.Counter(), collections.Counter(), collections.Counter()
    for path, group in groups.items():
        cause = labels[path][what]
        by_group[group] += 1
        by_cause[cause] += 1
        both[group, cause] += 1
    right = sum(map(pairs, both.values()))
    return right, sum(map(pairs, by_group.values())), sum(map(pairs, by_cause.values()))


def share(part, whole):
    return f'{part / whole:.4f}' if whole else '–'


def triaged(folder, state):
    begun = time.monotonic()
    done = subprocess.run([tap.TORNSTACK, 'triage', '--json', *(['--state', state] if state else []), folder], capture_output=True,
                          env=tap.environment_of(), check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], time.monotonic() - begun


def mixed(labels, groups):
    """Groups with several causes, for whoever looks."""
    causes = collections.defaultdict(collections.Counter)
    for path, group in groups.items():
        causes[group][labels[path][0]] += 1
    return {group: count for group, count in causes.items() if len(count) > 1}


def rows_of(labels, inputs, cluster_of):
    """One for each program and kind of input."""
    kinds = {'all': lambda label: True, 'crashes': lambda label: label[0].startswith('crashes/'),
             'crashes, dumps': lambda label: label[0].startswith('crashes/') and label[3] == 'core',
             'crashes, logs': lambda label: label[0].startswith('crashes/') and label[3] == 'log',
             'crashes, logs of builds with -trimpath': lambda label: label[0].startswith('crashes/') and label[3] == 'log' and names_program(label),
             'fleet (routes), logs': lambda label: label[0].startswith('fleet/')}
    for name, wanted in kinds.items():
        chosen = [line for line in inputs if wanted(labels[line['path']])]
        fingerprint_of = {line['path']: line['fingerprint'] for line in chosen}
        exact, once = judged(labels, fingerprint_of), judged(labels, fingerprint_of, 4)
        alike = judged(labels, {line['path']: cluster_of[line['fingerprint']] for line in chosen})
        yield [name, str(len(chosen)), share(exact[0], exact[1]), share(once[0], once[2]), share(exact[0], exact[2]), share(alike[0], alike[1]),
               share(alike[0], alike[2])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--table')
    parser.add_argument('--state')
    options = parser.parse_args()
    labels = labels_of(options.folder)
    lines, seconds = triaged(options.folder, options.state)
    inputs = [line for line in lines if line['kind'] == 'input' and 'fingerprint' in line and line['path'] in labels]
    cluster_of = {group['fingerprint']: line['id'] for line in lines if line['kind'] == 'cluster' for group in line['fingerprints']}
    rows = list(rows_of(labels, inputs, cluster_of))
    head = ['inputs', 'number', 'exact: precision', 'exact: recall, one way to it', 'exact: recall', 'clusters: precision', 'clusters: recall']
    text = '\n'.join(f'| {" | ".join(row)} |' for row in (head, ['---'] * len(head), *rows))
    builds = len({tuple(labels[line['path']][1:3]) for line in inputs})
    text = (f'{table.date()}, {table.machine()}: {len(inputs)} inputs of {len({labels[line["path"]][0] for line in inputs})} causes, '
            f'{builds} builds; {len(labels) - len(inputs)} not analysed.\n\n{text}')
    print(text)
    print(f'{seconds:.0f} s')
    for group, causes in mixed(labels, {line['path']: cluster_of[line['fingerprint']] for line in inputs}).items():
        print(f'mixed: {group} {dict(causes)}')
    if options.table:
        table.write(options.table, text, 'check-fleet')


if __name__ == '__main__':
    main()
