"""Where the structures of Go's runtime lie in a core whose sound report and executable, not stripped, are known: for tests that
forge them."""
import re
import struct

import elf_file
import tap

SHT_SYMTAB = 2


def layout(report):
    """Offsets of fields, {"g_sched_pc": 64, …}, from the tables that tornstack is built with (golang/layouts)."""
    minor, patch = (int(part) for part in re.match(r'go1\.(\d+)\.?(\d*)', report['target']['go_version'] + '.0').groups())
    table = tap.ROOT / f'golang/layouts/{report["target"]["os"]}_{report["target"]["arch"]}.inc'
    for row in re.finditer(r'LAYOUT_\w+\((\d+), (\d+), (\d+),(.*?)\)\n(?=\n|$)', table.read_text() + '\n', re.S):
        if int(row[1]) == minor and int(row[2]) <= patch <= int(row[3]):
            return {name: int(offset) for name, offset in re.findall(r'AT\((\w+), (\d+)\)', row[4])}
    raise AssertionError(f'no layout of {report["target"]["go_version"]}')


def symbols(exe):
    """Addresses of what the symbol table of an executable names (gABI, chapter 4: section headers, symbol table)."""
    elf = elf_file.Elf(exe)
    at, size, count = elf.number(40, 8), elf.number(58, 2), elf.number(60, 2)
    sections = [struct.unpack_from('<IIQQQQII', elf.data, at + size * i) for i in range(count)]
    found = {}
    for _, kind, _, _, offset, length, link, _ in sections:
        names = sections[link][4]
        for entry in range(offset, offset + length, 24) if kind == SHT_SYMTAB else ():
            name, _, _, _, value, _ = struct.unpack_from('<IBBHQQ', elf.data, entry)
            end = elf.data.index(b'\0', names + name)
            found[elf.data[names + name:end].decode(errors='replace').removesuffix('.abi0')] = value # assembly's
    return found


class Words:
    """`dump` is an elf_file.Elf, of a program that is not position independent; `report` has all goroutines."""

    def __init__(self, dump, report, exe):
        self.dump, self.layout, self.symbols = dump, layout(report), symbols(exe)
        self.g = {}
        for one in report['goroutines']:
            found = [address for address in self.find(struct.pack('<QQ', int(one['stack_lo'], 16), int(one['stack_hi'], 16)))
                     if self.at(address, 'g_goid') == one['id']]
            if found:
                self.g[one['id']] = found[0]

    def find(self, wanted):
        """Addresses of bytes, aligned to words."""
        for kind, _, offset, start, _, saved, _, _ in self.dump.programs:
            at = self.dump.data.find(wanted, offset, offset + saved) if kind == elf_file.PT_LOAD else -1
            while at >= 0:
                if (start + at - offset) % 8 == 0:
                    yield start + at - offset
                at = self.dump.data.find(wanted, at + 1, offset + saved)

    def at(self, address, field):
        """The word of a field of a structure; None: the dump does not hold it."""
        at = self.dump.offset(address + self.layout[field] - self.layout.get(field.split('_')[0] + '_stack_lo', 0))
        return None if at is None else self.dump.number(at, 8)

    def listing(self, entries, count):
        """The words that make `entries` the list of all goroutines: runtime.allgs, and its copies for those without the lock."""
        at = self.symbols['runtime.allgs']
        return {at: entries, at + 8: count, at + 16: count, self.symbols['runtime.allglen']: count,
                self.symbols['runtime.allgptr']: entries}

    def bytes_at(self, address, size):
        at = self.dump.offset(address)
        return bytes(self.dump.data[at:at + size])


def grown(data, memory=(), notes=b''):
    """A core with more memory {address: bytes}, and more notes behind its own."""
    elf = elf_file.Elf(data)
    size, count = struct.unpack_from('<HH', data, 54)
    headers, body = [list(program) for program in elf.programs], bytearray(data)
    if notes:
        note = next(program for program in headers if program[0] == elf_file.PT_NOTE)
        own = data[note[2]:note[2] + note[5]]
        note[2], note[5] = len(body), len(own) + len(notes)
        body += own + notes
    body += bytes(-len(body) % 4096)
    for address, content in dict(memory).items():
        headers.append([elf_file.PT_LOAD, 6, len(body), address, 0, len(content), len(content), 4096])
        body += content + bytes(-len(content) % 4096)
    struct.pack_into('<Q', body, 32, len(body))
    struct.pack_into('<H', body, 56, len(headers))
    return bytes(body) + b''.join(struct.pack('<IIQQQQQQ', *header) for header in headers)
