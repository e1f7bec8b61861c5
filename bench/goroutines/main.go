// Command goroutines parks many goroutines and dies, so that its core can be measured.
//
// usage: goroutines COUNT SHAPE [GB]
//
// SHAPE says how the stacks look: few (three kinds, 7 to 9 frames), many (each goroutine takes its own way through a tree
// of calls, 16 levels: up to 65,536 kinds) or deep (three kinds, 1,000 frames). With GB so many
// gigabytes are mapped beside the heap and hardly touched: the kernel leaves holes in the core for them.
package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"unsafe"
)

var (
	never   = make(chan int)
	unread  = make(chan int)
	nobody  sync.Mutex
	started sync.WaitGroup
)

func park(kind int) {
	started.Done()
	switch kind % 3 {
	case 0:
		<-never
	case 1:
		select {
		case unread <- 1:
		case <-never:
		}
	default:
		nobody.Lock()
	}
}

//go:noinline
func one(kind, depth int) int {
	if depth == 0 {
		park(kind)
		return kind
	}
	return other(kind, depth-1) + 1
}

//go:noinline
func other(kind, depth int) int {
	if depth == 0 {
		park(kind)
		return kind
	}
	return one(kind, depth-1) + 2
}

// Each level has two places to call from: the bits of way say which.
//
//go:noinline
func tree(kind, way, depth int) int {
	if depth == 0 {
		park(kind)
		return kind
	}
	if way&1 == 0 {
		return tree(kind, way>>1, depth-1) + 1
	}
	return tree(kind, way>>1, depth-1) + 2
}

func start(i int, shape string) {
	switch shape {
	case "few":
		go one(i, 3+i%3)
	case "many":
		go tree(i, i, 16)
	case "deep":
		go one(i, 990+i%3)
	}
}

const (
	piece   = 64 << 20     // as the arenas of Go's heap
	address = 0xc100000000 // where that heap grows to
)

// reserve maps memory as a large heap has it, in many segments: every second piece has another flag. One page of each is
// written.
func reserve(gigabytes uintptr) {
	size := gigabytes << 30
	start, _, failed := syscall.Syscall6(syscall.SYS_MMAP, address, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE, ^uintptr(0), 0)
	if failed != 0 {
		panic(failed)
	}
	memory := unsafe.Slice((*byte)(unsafe.Add(nil, start)), size)
	for at := uintptr(0); at < size; at += piece {
		memory[at+piece/2] = 1
		if at/piece%2 == 1 {
			syscall.Madvise(memory[at:at+piece], syscall.MADV_DONTFORK)
		}
	}
}

// die leaves a core and writes nothing: the runtime would print every goroutine.
func die() {
	var byDefault [4]uintptr
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGABRT), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	syscall.Kill(os.Getpid(), syscall.SIGABRT)
	select {}
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	if len(os.Args) > 3 {
		gigabytes, err := strconv.Atoi(os.Args[3])
		if err != nil {
			panic(err)
		}
		reserve(uintptr(gigabytes))
	}
	nobody.Lock()
	started.Add(count)
	for i := 0; i < count; i++ {
		start(i, os.Args[2])
		if i%10000 == 0 {
			runtime.Gosched()
		}
	}
	started.Wait()
	for i := 0; i < 1000; i++ {
		runtime.Gosched()
	}
	die()
}
