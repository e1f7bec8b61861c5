#!/usr/bin/env python3
"""How long `tornstack scan` takes, and that it grows with the size of the program: measured, never asserted.

usage: bench/scan.py [FILE…]

Without files it makes programs of 15,000, 30,000 and 60,000 functions for both CPUs in build/bench (needs Go) and scans
these. Each is scanned five times by one worker; the least time is shown.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TORNSTACK = pathlib.Path(os.environ.get('TORNSTACK', ROOT / 'build/tornstack'))
FOLDER = ROOT / 'build/bench'
COUNTS = (15000, 30000, 60000)
IN_PACKAGE = 500
ROUNDS = 5

# Branches, a switch, calls, a bounds check and an array of each size: frames as programs have them, one of 70,000 bytes in
# each package.
FUNCTION = '''
func F{n}(a []int, s string, m map[string]int) (int, error) {{
	var local [{size}]int
	for i, v := range a {{
		switch v % 7 {{
		case 0:
			local[i%{size}] += len(s)
		case 1:
			m[s] = v + {n}
		case 2:
			local[(i+v)%{size}] ^= v << 3
		case 3:
			return v, fmt.Errorf("f{n} %d %s", v, s)
		default:
			local[{size}-1] -= v * {n}
		}}
	}}
	if len(s) > {n} {{
		return strings.Count(s, "x{n}") + local[0] + a[len(s)%len(a)], nil
	}}
	sort.Ints(a)
	return local[len(a)%{size}] + m[s], nil
}}
'''


def write_package(folder, number, functions):
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f'package p{number}\n\nimport (\n\t"fmt"\n\t"sort"\n\t"strings"\n)\n']
    parts += [FUNCTION.format(n=i, size=8750 if i == 0 else 4 + i % 60) for i in range(functions)]
    table = ', '.join(f'F{i}' for i in range(functions))
    parts.append(f'\nvar All = []func([]int, string, map[string]int) (int, error){{{table}}}\n')
    (folder / 'p.go').write_text(''.join(parts))


def make(count, arch, *flags):
    """A program of so many functions, built once; `flags` of go build go into its name."""
    path = FOLDER / '-'.join([arch, str(count), *(re.sub('[^a-z]+', '', flag) for flag in flags)])
    if path.exists():
        return path
    source = FOLDER / f'src-{count}'
    packages = range(count // IN_PACKAGE)
    for number in packages:
        write_package(source / f'p{number}', number, IN_PACKAGE)
    imports = '\n'.join(f'\t"bench/p{number}"' for number in packages)
    calls = '\n'.join(f'\tn += run(p{number}.All)' for number in packages)
    (source / 'go.mod').write_text('module bench\n\ngo 1.21\n')
    (source / 'main.go').write_text(f'''package main

import (
	"os"

{imports}
)

func run(all []func([]int, string, map[string]int) (int, error)) (n int) {{
	for _, f := range all {{
		v, _ := f([]int{{1, 2, 3}}, "s", map[string]int{{}})
		n += v
	}}
	return n
}}

func main() {{
	if len(os.Args) > 1 {{
		panic(os.Args[1])
	}}
	n := 0
{calls}
	println(n)
}}
''')
    subprocess.run(['go', 'build', *flags, '-o', str(path), '.'], cwd=source, check=True,
                   env=dict(os.environ, GOOS='linux', GOARCH=arch, CGO_ENABLED='0', GOFLAGS='-buildvcs=false'))
    return path


def measure(path):
    command = [str(TORNSTACK), 'scan', '--json', '-j1', str(path)]
    best = None
    for _ in range(ROUNDS):
        start = time.monotonic()
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        seconds = time.monotonic() - start
        best = seconds if best is None else min(best, seconds)
    return best, json.loads(output)['binaries'][0]


def main():
    paths = [pathlib.Path(arg) for arg in sys.argv[1:]]
    if not paths:
        FOLDER.mkdir(parents=True, exist_ok=True)
        paths = [make(count, arch) for arch in ('arm64', 'amd64') for count in COUNTS]
    print(f'{"executable":40} {"MB":>6} {"functions":>10} {"exposed":>8} {"seconds":>8} {"µs/function":>12}')
    for path in paths:
        seconds, binary = measure(path)
        print(f'{path.name:40} {path.stat().st_size / 1e6:6.1f} {binary["functions"]:10} {binary["exposed"]:8} {seconds:8.2f} '
              f'{seconds * 1e6 / binary["functions"]:12.1f}')


if __name__ == '__main__':
    main()
