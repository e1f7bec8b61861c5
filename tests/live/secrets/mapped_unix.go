//go:build !windows

package main

import (
	"os"
	"syscall"
)

// Memory that is not Go's, and a file of data.
func mapped(text string) {
	memory, err := syscall.Mmap(-1, 0, 1<<16, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic("no memory")
	}
	copy(memory[100:], text)
	file, err := os.Create(secret(26) + ".db")
	if err != nil {
		panic("no file")
	}
	file.WriteString(text)
	file.Truncate(1 << 14)
	data, err := syscall.Mmap(int(file.Fd()), 0, 1<<14, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic("no mapping")
	}
	copy(data[8192:], text)
	os.Remove(secret(26) + ".db")
	kept = append(kept, memory, data)
}
