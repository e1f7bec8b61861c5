#!/usr/bin/env python3
"""Fingerprints of the cases: those below that are of one crash share one, and no others do. Those of one build and one place share
the exact one as well, and no others do. What the cases' expected.json say is what golden.py holds against the reports."""
import collections
import json

import tap

# Cases of one defect in one place: another build (symbols, optimisation, Go release), CPU or system; another way of dying of it; or
# another word of the same dump changed, which leaves the verdict what it is.
SAME = [
    ['amd64-cgo', 'amd64-cgo-stripped'],
    ['amd64-chain', 'arm64-chain'],
    ['amd64-clobber', 'arm64-clobber'],
    ['amd64-heap-object', 'arm64-heap-object'],
    ['amd64-hoard-length', 'amd64-near-hoard-length'],
    ['amd64-illegal', 'arm64-illegal'],
    ['amd64-late-crash', 'amd64-late-crash-stripped', 'amd64-near-fatal', 'windows-amd64-stray-bytes'],
    ['amd64-late-silent', 'amd64-late-silent-stripped'],
    ['amd64-live', 'amd64-live-stripped', 'amd64-near-g-state', 'amd64-near-saved-pc'],
    ['amd64-memory', 'amd64-panic', 'amd64-panic-stripped', 'windows-amd64-memory', 'windows-amd64-near-unsorted', 'windows-amd64-panic',
     'windows-amd64-unsorted'],
    ['amd64-near-pile', 'amd64-pile-kept'],
    ['amd64-near-pointer', 'amd64-near-unmapped'],
    ['amd64-near-refilled', 'amd64-nil-refilled'],
    ['amd64-near-shared-writer', 'amd64-shared-writer'],
    ['amd64-near-torn', 'amd64-near-torn-pc', 'windows-amd64-stray-tiny'],
    ['amd64-near-zero', 'arm64-near-small'],
    ['amd64-overreach-landed', 'amd64-overreach-zero'],
    ['amd64-overrun-gc', 'amd64-overrun-return'],
    ['amd64-pointer-beside', 'amd64-pointer-edge'],
    ['amd64-pointer-number', 'arm64-pointer-number'],
    ['amd64-quit', 'amd64-quit-stripped'],
    ['amd64-refused', 'arm64-refused'],
    ['arm64-leaf-unwind', 'arm64-leaf-unwind-stripped'],
    ['arm64-near-after', 'arm64-near-after-stripped', 'arm64-near-before', 'arm64-near-before-stripped'],
    ['arm64-nonleaf-segv', 'arm64-nonleaf-segv-stripped', 'arm64-nonleaf-unwind', 'arm64-nonleaf-unwind-stripped'],
    ['arm64-overreach', 'arm64-overreach-small'],
    ['windows-amd64-late-crash', 'windows-amd64-late-crash-stripped', 'windows-amd64-late-crash6', 'windows-amd64-late-memory',
     'windows-amd64-late-plain'],
    ['windows-amd64-late-other', 'windows-amd64-late-silent', 'windows-amd64-near-late'],
]
# … and of one build.
SAME_BUILD = [
    ['amd64-late-crash-stripped', 'amd64-near-fatal'],
    ['amd64-hoard-length', 'amd64-near-hoard-length'],
    ['amd64-live-stripped', 'amd64-near-g-state', 'amd64-near-saved-pc'],
    ['amd64-near-pile', 'amd64-pile-kept'],
    ['amd64-near-pointer', 'amd64-near-unmapped'],
    ['amd64-near-refilled', 'amd64-nil-refilled'],
    ['amd64-near-shared-writer', 'amd64-shared-writer'],
    ['amd64-near-torn', 'amd64-near-torn-pc'],
    ['amd64-overrun-gc', 'amd64-overrun-return'],
    ['amd64-pointer-beside', 'amd64-pointer-edge'],
    ['arm64-near-after', 'arm64-near-before'],
    ['arm64-near-after-stripped', 'arm64-near-before-stripped'],
    ['arm64-overreach', 'arm64-overreach-small'],
    ['windows-amd64-late-other', 'windows-amd64-late-silent', 'windows-amd64-near-late'],
    ['windows-amd64-near-unsorted', 'windows-amd64-unsorted'],
]


def difference(key, wanted):
    """What is not as it has to be of all cases' fingerprints."""
    cases = collections.defaultdict(list)
    for path in sorted(tap.CASES.glob('*/expected.json')):
        cases[json.loads(path.read_text())[key]].append(path.parent.name)
    shared = [group for group in cases.values() if len(group) > 1]
    return '\n'.join([f'{" ".join(group)} share one' for group in shared if group not in wanted] +
                     [f'{" ".join(group)} do not share one' for group in wanted if group not in shared])


def main():
    tap.check('cases of one crash share a fingerprint, and no others do', difference('fingerprint', SAME))
    tap.check('cases of one build and place share the exact one, and no others do', difference('fingerprint_exact', SAME_BUILD))
    tap.finish()


main()
