"""Just enough of the minidump format for tests: where in the file an address lies (Memory64ListStream)."""
import struct

MEMORY64_LIST = 9


class Minidump:
    def __init__(self, data):
        self.data = data
        self.ranges = []
        count, table = struct.unpack_from('<II', data, 8)
        for i in range(count):
            kind, _, rva = struct.unpack_from('<III', data, table + 12 * i)
            if kind == MEMORY64_LIST:
                self.read_memory(rva)

    def read_memory(self, rva):
        count, offset = struct.unpack_from('<QQ', self.data, rva)
        for i in range(count):
            address, size = struct.unpack_from('<QQ', self.data, rva + 16 + 16 * i)
            self.ranges.append((address, size, offset))
            offset += size

    def offset(self, address):
        """Where in the file a saved byte of memory is, or None."""
        return next((offset + address - start for start, size, offset in self.ranges if start <= address < start + size),
                    None)

    def word(self, address):
        return struct.unpack_from('<Q', self.data, self.offset(address))[0]
