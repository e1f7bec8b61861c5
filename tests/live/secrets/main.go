// Command secrets holds a secret of each kind (kinds.txt) somewhere in its memory, and dies. No secret is in the program: they are
// computed, as check_secrets.py does. usage: secrets segv|panic, with a secret as a further argument and one in the environment.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"
	"unsafe"
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// secret is the one of a kind: 24 characters.
func secret(kind int) string {
	text := make([]byte, 24)
	state := uint32(kind*7919 + 12345)
	for i := range text {
		state = state*1664525 + 1013904223
		text[i] = letters[(state>>16)%uint32(len(letters))]
	}
	return string(text)
}

type record struct {
	name  string
	bytes [32]byte
	next  *record
}

var (
	global      string
	globalBytes [64]byte
	numbers     [3]uint64
	table       = map[string]string{}
	kept        []any
	pool        sync.Pool
	mutex       sync.Mutex
	channel     = make(chan string, 8)
	values      = make(chan [24]byte, 4)
	nobody      *record
)

func words(text string) (ret [3]uint64) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&ret)), 24), text)
	return
}

//go:noinline
func parked(text string, started chan bool) {
	var local [48]byte
	copy(local[:], text)
	number := words(text)
	started <- true
	mutex.Lock() // never
	kept = append(kept, local, number)
}

// What a function that returned leaves below SP.
//
//go:noinline
func leftover(depth int, text string) int {
	var local [256]byte
	for i := 0; i+24 <= len(local); i += 24 {
		copy(local[i:], text)
	}
	if depth > 0 {
		return leftover(depth-1, text) + int(local[depth])
	}
	return int(local[7])
}

//go:noinline
func recovered(text string) {
	defer func() { kept = append(kept, recover()) }()
	panic(errors.New("cannot use " + text))
}

type key struct{}

func plant() {
	one := &record{name: secret(1)}
	copy(one.bytes[:], secret(2))
	one.next = &record{name: "x" + secret(3)}
	global = secret(6)
	copy(globalBytes[5:], secret(7))
	numbers = words(secret(8))
	table[secret(9)] = secret(10)
	channel <- secret(11)
	var value [24]byte
	copy(value[:], secret(12))
	values <- value
	big := bytes.Repeat([]byte(secret(13)), 1<<16)
	recovered(secret(14))
	pool.Put(&record{name: secret(15)})
	writer := bufio.NewWriter(os.Stderr)
	fmt.Fprintf(writer, "Authorization: Bearer %s\n", secret(16))
	ctx := context.WithValue(context.Background(), key{}, secret(17))
	text := secret(18)
	timer := time.AfterFunc(time.Hour, func() { fmt.Println(text) })
	kept = append(kept, one, big, writer, ctx, timer)
	leftover(8, secret(19))
	mapped(secret(20))
	native()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
}

//go:noinline
func die(how string, local [48]byte, number [3]uint64) {
	if how == "panic" {
		panic(fmt.Errorf("cannot charge card %s: %s", secret(21), local[:]))
	}
	fmt.Fprint(os.Stdout, nobody.next.name, local, number)
}

func main() {
	debug.SetTraceback("crash")
	runtime.LockOSThread()
	mutex.Lock()
	plant()
	started := make(chan bool)
	pprof.Do(context.Background(), pprof.Labels("customer", secret(22)), func(context.Context) {
		for i := 0; i < 3; i++ {
			go parked(secret(23), started)
			<-started
		}
	})
	var local [48]byte
	copy(local[:], secret(24))
	go die(os.Args[1], local, words(secret(25)))
	for {
		time.Sleep(time.Second)
		runtime.KeepAlive(local)
	}
}
