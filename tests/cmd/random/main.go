// Command random draws and compares random functions, more than the tests do:
//
//	go run ./tests/cmd/random -n 1000000
//
// A failure prints its number and the function; -from N -n 1 repeats it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	goruntime "runtime"
	"sync"

	"github.com/dfc-lang/dfc/tests/random"
)

func main() {
	n := flag.Uint64("n", 100_000, "how many functions")
	from := flag.Uint64("from", 0, "the first")
	full := flag.Bool("full", false, "all batch sizes and workers for every function")
	flag.Parse()
	next, skipped, failed := *from, 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range goruntime.NumCPU() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				mu.Lock()
				seed := next
				next++
				mu.Unlock()
				if seed >= *from+*n {
					return
				}
				o := random.Chosen(seed)
				if *full {
					o = random.Options{Batches: []int{1, 7, 1024}, Workers: []int{1, 2, 4}}
				}
				d, err := random.Check(seed, o)
				mu.Lock()
				switch {
				case errors.Is(err, random.ErrSkip):
					skipped++
				case err != nil:
					failed++
					fmt.Printf("function %d: %v\n%s\n", seed, err, d.Func)
				}
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	fmt.Printf("%d functions, %d not comparable, %d failed\n", *n, skipped, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
