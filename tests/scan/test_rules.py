#!/usr/bin/env python3
"""Each rule of the scan where it speaks, and on an executable that differs by an instruction or a few bytes, where it must
not. What is expected comes from why.md of the cases and from the sources of Go."""
import pathlib
import struct
import tempfile

import tap
from scan_run import binary_of, found, program, same, scan, unpacked

NOP = bytes.fromhex('1f2003d5')
# The second ADD of main.(*conn).decode's epilogue (arm64-nonleaf-unwind) and main.mostFrequent's (arm64-leaf-unwind).
NONLEAF, LEAF = 0x8a174, 0x90b88


def patched(path, address, old, new, name):
    """A copy of an ELF file with other bytes at an address."""
    data = bytearray(path.read_bytes())
    offset, count = struct.unpack_from('<Q', data, 32)[0], struct.unpack_from('<H', data, 56)[0]
    for i in range(count):
        kind, _, file_offset, start, _, size = struct.unpack_from('<IIQQQQ', data, offset + 56 * i)
        if kind == 1 and start <= address < start + size:
            at = file_offset + address - start
            assert data[at:at + len(old)] == old, data[at:at + len(old)].hex()
            data[at:at + len(new)] = new
    copy = path.with_name(name)
    copy.write_bytes(data)
    return copy


def renamed(path, old, new, name):
    copy = path.with_name(name)
    copy.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    return copy


def split_sp(folder):
    old = binary_of(unpacked('arm64-nonleaf-unwind-stripped', folder, 'nonleaf'))
    exposed = found(old, 'split-sp', preemptible=True)
    same('split-sp: one place is exposed', [f['pc'] for f in exposed], [f'{NONLEAF:#x}'])
    same('split-sp: where', {key: exposed[0][key] for key in ('function', 'package', 'line', 'sp_error', 'where', 'leaf',
                                                             'level', 'bug')},
         {'function': 'main.(*conn).decode', 'package': 'main', 'line': 65, 'sp_error': 416, 'where': 'epilogue',
          'leaf': False, 'level': 'error', 'bug': 'golang/go#73259'})
    hidden = found(old, 'split-sp', preemptible=False)
    same('split-sp: assembly is not preempted', sorted(f['function'] for f in hidden),
         sorted([f'runtime.call{1 << n}' for n in range(16, 24)] + ['debugCall65536']))
    same('split-sp: and is a note', {f['level'] for f in hidden}, {'note'})

    leaf = binary_of(unpacked('arm64-leaf-unwind-stripped', folder, 'leaf'))
    exposed = found(leaf, 'split-sp', preemptible=True)
    same('split-sp: the leaf case of Go 1.26', [(f['pc'], f['leaf'], f['sp_error']) for f in exposed],
         [(f'{LEAF:#x}', True, 416)])
    same('split-sp: of what calls others, nothing is left',
         [f['function'] for f in found(leaf, 'split-sp', preemptible=False)], ['debugCall65536'])


def split_sp_of_crashes(folder):
    """What the dumps of fixtures/cases died of had been there to be seen: the same pc and the same error."""
    cases = sorted(path.name for path in tap.CASES.iterdir() if (path / 'exe.zst').exists() and
                   (tap.expectation(path.name) or {}).get('rule') == 'split-sp')
    tap.check('split-sp: there are such crashes', None if len(cases) > 3 else cases)
    for case in cases:
        expected = tap.expectation(case)
        seen = {(f['pc'], f['sp_error']) for f in found(binary_of(unpacked(case, folder)), 'split-sp', preemptible=True)}
        wanted = (expected['pc'], expected['sp_error'])
        tap.check(f'{case}: foreseen', None if wanted in seen else f'{wanted} is not in {seen}')


def split_sp_near(folder):
    """Near misses by one instruction: no second part, a frame that one ADD can hold, or no ADD at all."""
    exe = unpacked('arm64-nonleaf-unwind-stripped', folder, 'nonleaf')
    add = bytes.fromhex('ff474091')  # add sp, sp, #0x11, lsl #12
    near = patched(exe, NONLEAF, add, NOP, 'without')
    same('split-sp: a NOP in place of the second ADD', found(binary_of(near), 'split-sp', preemptible=True), [])
    near = patched(exe, NONLEAF - 4, bytes.fromhex('ff830691'), NOP, 'half')
    same('split-sp: a NOP in place of the first ADD', found(binary_of(near), 'split-sp', preemptible=True), [])
    moved = patched(exe, NONLEAF - 4, bytes.fromhex('ff830691'), bytes.fromhex('ff430691'), 'other')
    same('split-sp: another frame size is no adjustment that ends where pcsp says',
         found(binary_of(moved), 'split-sp', preemptible=True), [])


def split_fp(folder):
    leaf = binary_of(unpacked('arm64-leaf-unwind-stripped', folder, 'leaf'))
    exposed = found(leaf, 'split-fp', preemptible=True)
    same('split-fp: R29 in two steps', [(f['function'], f['where'], f['level']) for f in exposed],
         [('main.mostFrequent', 'epilogue', 'warning')])
    before = binary_of(renamed(unpacked('arm64-leaf-unwind-stripped', folder, 'leaf'), 'go1.26.8', 'go1.20.8', 'renamed'))
    same('split-fp: a note where the runtime does not walk by frame pointers (before 1.21)',
         [(f['function'], f['level']) for f in found(before, 'split-fp', preemptible=True)], [('main.mostFrequent', 'note')])
    old = binary_of(unpacked('arm64-nonleaf-unwind-stripped', folder, 'nonleaf'))
    same('split-fp: LDP takes both at once', found(old, 'split-fp', preemptible=True), [])


def sound(folder):
    for case in ('amd64-live-stripped', 'amd64-cgo', 'windows-amd64-panic', 'windows-amd64-stray-tiny'):
        binary = binary_of(unpacked(case, folder, case))
        same(f'{case}: no split-sp', found(binary, 'split-sp'), [])
        same(f'{case}: no split-fp', found(binary, 'split-fp'), [])
        same(f'{case}: nothing exposed', binary['exposed'], 0)


def overlapped_io(folder):
    for case, release in (('windows-amd64-late-crash-stripped', 'go1.26.0'), ('windows-amd64-late-crash6', 'go1.26.1')):
        binary = binary_of(unpacked(case, folder, case))
        errors = found(binary, 'overlapped-io', level='error')
        same(f'overlapped-io: rsan of {release}',
             (binary['go_version'], [(f['function'], f['api'], f['parameter'], f['frame_offset']) for f in errors]),
             (release, [(f'internal/poll.(*FD).ReadFromInet{n}.func1', 'WSARecvFrom', 'lpFromlen', -44) for n in (4, 6)]))
    later = binary_of(unpacked('windows-amd64-late-control', folder, 'control'))
    same('overlapped-io: mended in 1.26.2', (later['go_version'], found(later, 'overlapped-io', level='error')),
         ('go1.26.2', []))
    same('overlapped-io: counts and flags are still there',
         {f['parameter'] for f in found(later, 'overlapped-io', level='note')},
         {'lpNumberOfBytesRecvd', 'lpNumberOfBytesSent', 'lpFlags'})
    before = binary_of(unpacked('windows-amd64-stray-tiny', folder, 'tiny'))
    same('overlapped-io: none before 1.26', (before['go_version'], found(before, 'overlapped-io')), ('go1.20.14', []))


def windows_arm64(folder):
    leaf = binary_of(program('histogram-1.27.4-windows-arm64', folder))
    exposed = found(leaf, 'split-sp', preemptible=True)
    same('windows/arm64: the leaf case of Go 1.27',
         (leaf['os'], leaf['arch'], leaf['go_version'], [(f['function'], f['leaf'], f['sp_error']) for f in exposed]),
         ('windows', 'arm64', 'go1.27.4', [('main.mostFrequent', True, 416)]))
    sockets = binary_of(program('latewrite-1.26.0-windows-arm64', folder))
    same('windows/arm64: rsan', [(f['function'], f['parameter'], f['frame_offset']) for f in
                                 found(sockets, 'overlapped-io', level='error')],
         [(f'internal/poll.(*FD).ReadFromInet{n}.func1', 'lpFromlen', -36) for n in (4, 6)])
    same('windows/arm64: no large frame, nothing exposed', found(sockets, 'split-sp', preemptible=True), [])


def swapped_pdata(path, name):
    """A copy of a PE file whose function table has its first two entries in the wrong order."""
    data = bytearray(path.read_bytes())
    header = struct.unpack_from('<I', data, 60)[0]
    sections, optional = struct.unpack_from('<H', data, header + 6)[0], struct.unpack_from('<H', data, header + 20)[0]
    rva = struct.unpack_from('<I', data, header + 24 + 112 + 8 * 3)[0]
    for i in range(sections):
        size, start, _, offset = struct.unpack_from('<IIII', data, header + 24 + optional + 40 * i + 8)
        if start <= rva < start + size:
            at = offset + rva - start
            data[at:at + 24] = data[at + 12:at + 24] + data[at:at + 12]
    copy = path.with_name(name)
    copy.write_bytes(data)
    return copy


def pdata_unsorted(folder):
    exe = unpacked('windows-amd64-panic', folder, 'panic.exe')
    same('pdata-unsorted: sorted', found(binary_of(exe), 'pdata-unsorted'), [])
    entries = found(binary_of(swapped_pdata(exe, 'swapped.exe')), 'pdata-unsorted')
    same('pdata-unsorted: two entries swapped', [f['level'] for f in entries], ['warning'])


def asm_frame(folder):
    for case, store, before, after in (
            ('amd64-asm-frame', (8, 0x18, 0x18, False), bytes.fromhex('48894c2418'), bytes.fromhex('48894c2410')),
            ('arm64-asm-frame', (8, 0x20, 0x20, True), bytes.fromhex('e11300f9'), bytes.fromhex('e10f00f9'))):
        exe = unpacked(case, folder, case)
        stores = {f['function']: f for f in found(binary_of(exe), 'asm-frame')}
        same(f'asm-frame: {case}', sorted(stores), ['main.low', 'main.sum', 'main.swap'])
        found_store = stores['main.sum']
        same(f'asm-frame: where, {case}', tuple(found_store[key] for key in ('stored', 'stored_at', 'return_at', 'callers')), store)
        near = patched(exe, int(found_store['pc'], 16), before, after, f'{case}-near')
        same(f'asm-frame: a word lower, {case}', sorted(f['function'] for f in found(binary_of(near), 'asm-frame')),
             ['main.low', 'main.swap'])
    for case in ('amd64-live-stripped', 'amd64-cgo', 'arm64-nonleaf-unwind-stripped', 'windows-amd64-panic', 'arm64-overrun-return'):
        same(f'{case}: no asm-frame', found(binary_of(unpacked(case, folder, f'{case}-asm')), 'asm-frame'), [])


def known_bug(folder):
    exe = unpacked('arm64-nonleaf-unwind-stripped', folder, 'nonleaf')
    same('known-bug: 1.23.11', [f['bug'] for f in found(binary_of(exe), 'known-bug')],
         ['golang/go#73259', 'golang/go#73259 (leaf functions)'])
    mended = binary_of(renamed(exe, 'go1.23.11', 'go1.23.12', 'renamed'))
    same('known-bug: 1.23.12 has only the rest', [f['bug'] for f in found(mended, 'known-bug')],
         ['golang/go#73259 (leaf functions)'])
    same('split-sp: does not believe the release', len(found(mended, 'split-sp', preemptible=True)), 1)
    live, cgo = (binary_of(renamed(unpacked(case, folder, case), 'go1.27.4', 'go1.22.4', f'{case}-1.22.4'))
                 for case in ('amd64-live-stripped', 'amd64-cgo'))
    same('known-bug: of programs with C code', [(f['bug'], f['level']) for f in found(cgo, 'known-bug')],
         [('golang/go#62440', 'warning')])
    same('known-bug: without, a program has it not', found(live, 'known-bug'), [])
    same('known-bug: 1.27.4', found(binary_of(unpacked('amd64-cgo', folder, 'cgo')), 'known-bug'), [])
    same('known-bug: of another CPU', found(binary_of(unpacked('amd64-live-stripped', folder, 'live')), 'known-bug'), [])


def statuses(folder):
    old = unpacked('arm64-nonleaf-unwind-stripped', folder, 'nonleaf')
    live = unpacked('amd64-live-stripped', folder, 'live')
    text = pathlib.Path(folder) / 'text'
    text.write_text('no program\n')
    same('status: exposed, but nobody asked', scan(old)[1], 0)
    same('status: exposed', scan('--exit-code', old)[1], 3)
    same('status: not exposed', scan('--exit-code', live)[1], 0)
    same('status: one of two', scan('--exit-code', live, old)[1], 3)
    same('status: no executable', scan('--exit-code', old, text)[1], 1)
    same('status: absent', scan(pathlib.Path(folder) / 'absent')[1], 1)
    same('status: no arguments', tap.Run('scan').status, 2)
    same('status: two formats', tap.Run('scan', '--json', '--sarif', old).status, 2)
    report, status = scan(text, old)
    same('status: the rest is scanned', (status, len(report['binaries']), report['failures'][0]['code']),
         (1, 1, 'bad-data'))


def main():
    for part in (split_sp, split_sp_of_crashes, split_sp_near, split_fp, sound, overlapped_io, windows_arm64,
                 pdata_unsorted, asm_frame, known_bug, statuses):
        with tempfile.TemporaryDirectory() as folder:
            part(folder)
    tap.finish()


main()
