// Command shop is a service that dies in one of four ways: nil, map, deadlock, or stuck (whoever runs it sends it SIGABRT).
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

type order struct{ item *string }

type shop struct {
	mu    sync.Mutex
	stock map[string]int
}

//go:noinline
func (s *shop) ship(o *order) int { return len(*o.item) }

func (s *shop) worker(orders <-chan *order, shipped chan<- int) {
	for o := range orders {
		shipped <- s.ship(o)
	}
}

func (s *shop) count(name string) {
	for {
		s.stock[name]++
	}
}

func (s *shop) audit() {
	s.mu.Lock()
	s.mu.Lock()
}

func main() {
	s := &shop{stock: map[string]int{}}
	orders, shipped := make(chan *order), make(chan int)
	switch os.Args[1] {
	case "nil":
		for i := 0; i < 3; i++ {
			go s.worker(orders, shipped)
		}
		orders <- &order{}
		<-shipped
	case "map":
		go s.count("bolts")
		s.count("nuts")
	case "deadlock":
		s.audit()
	case "stuck":
		for i := 0; i < 20; i++ {
			go s.worker(orders, shipped)
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}
}
