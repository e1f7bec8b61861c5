package main

import (
	"syscall"
	"unsafe"
)

// Memory that is not Go's.
func mapped(text string) {
	allocate := syscall.NewLazyDLL("kernel32.dll").NewProc("VirtualAlloc")
	address, _, _ := allocate.Call(0, 1<<16, 0x3000, 4)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(address)), 1<<16)
	copy(memory[100:], text)
	kept = append(kept, memory)
}
