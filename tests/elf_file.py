"""Just enough ELF for tests that change a core: where in the file an address lies."""
import mmap
import struct

E_MACHINE = 18
PT_LOAD, PT_NOTE = 1, 4
PF_W = 2
PROGRAM_SIZE, P_OFFSET = 56, 8


class Elf:
    def __init__(self, data):
        self.data = data if isinstance(data, mmap.mmap) else bytearray(data)  # what is mapped can only be read
        self.phoff = self.number(32, 8)
        size, count = self.number(54, 2), self.number(56, 2)
        self.programs = [struct.unpack_from('<IIQQQQQQ', self.data, self.phoff + i * size) for i in range(count)]

    def number(self, offset, size):
        return int.from_bytes(self.data[offset:offset + size], 'little')

    def offset(self, address):
        """The file offset of an address whose bytes are in the file, or None."""
        for kind, _, offset, start, _, saved, _, _ in self.programs:
            if kind == PT_LOAD and start <= address < start + saved:
                return offset + address - start
        return None

    def word(self, address):
        return self.number(self.offset(address), 8)

    def set_word(self, address, value):
        at = self.offset(address)
        self.data[at:at + 8] = (value & (1 << 64) - 1).to_bytes(8, 'little')
