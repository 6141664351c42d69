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

	"github.com/dfc-lang/dfc/tests/random"
)

func main() {
	n := flag.Uint64("n", 100_000, "how many functions")
	from := flag.Uint64("from", 0, "the first")
	full := flag.Bool("full", false, "all batch sizes and workers for every function")
	poison := flag.Bool("poison", false, "functions whose branches guard domains, and their derivatives")
	strips := flag.Bool("strips", false, "gradients over a batch, in strips of a few rows and without")
	again := flag.Bool("recompute", false, "gradients over a batch, with all computed again that can be and without")
	flag.Parse()
	check := random.CheckChosen
	switch {
	case *poison:
		check = random.CheckPoison
	case *strips:
		check = func(seed uint64) (*random.Drawn, error) {
			_, err := random.CheckStrips(seed, seed%4 == 0)
			return random.Draw(seed), err
		}
	case *again:
		check = func(seed uint64) (*random.Drawn, error) {
			_, err := random.CheckRecompute(seed, seed%4 == 0)
			return random.Draw(seed), err
		}
	case *full:
		check = func(seed uint64) (*random.Drawn, error) {
			return random.Check(seed, random.Options{Batches: []int{1, 7, 1024}, Workers: []int{1, 2, 4}})
		}
	}
	skipped, failed := 0, 0
	random.Many(*from, *n, check, func(seed uint64, d *random.Drawn, err error) bool {
		switch {
		case errors.Is(err, random.ErrSkip):
			skipped++
		case err != nil:
			failed++
			fmt.Printf("function %d: %v\n%s\n", seed, err, d.Func)
		}
		return true
	})
	fmt.Printf("%d functions, %d not comparable, %d failed\n", *n, skipped, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
