#!/usr/bin/env python3
"""Sorts dumps by defect: how many of each, since which release, and what to do. usage: triage.py DUMP…"""
import collections
import concurrent.futures
import sys

import tornstack


def look(path):
    try:
        return path, tornstack.analyze(path, workers=1), None
    except tornstack.Error as error:
        return path, None, f'{error.code}: {error}'


def main():
    defects = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for path, report, error in pool.map(look, sys.argv[1:]):
            if error:
                print(f'{path}: {error}', file=sys.stderr)
            else:
                defects[report.fingerprint].append(report)
    for fingerprint, reports in sorted(defects.items(), key=lambda defect: (-len(defect[1]), defect[0])):
        verdict = reports[0].verdict
        releases = sorted({report.target.go_version or '?' for report in reports})
        print(f'{fingerprint}  {len(reports)}  {verdict.certainty.name} {verdict.rule or "-"}  {", ".join(releases)}')
        print(f'    {verdict.headline}')
        for action in verdict.actions[:1]:
            print(f'    * {action}')


main()
