// Command kills kills running dfc processes at random moments, has them go on,
// and compares what they leave with runs that were never disturbed, until the
// time is over or one differs.
//
//	go run ./tests/cmd/kills [-for 1m] [-seed 1] [-dfc PATH]
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dfc-lang/dfc/tests/state"
)

func main() {
	long := flag.Duration("for", time.Minute, "how long to go on")
	seed := flag.Uint64("seed", 1, "of the moments")
	dfc := flag.String("dfc", "", "the dfc to run; built if not given")
	flag.Parse()
	if err := kill(*dfc, *long, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "kills:", err)
		os.Exit(1)
	}
}

// cases are programs and when they save.
var cases = []struct {
	program state.Program
	save    string
}{
	{state.Shop(600, 24, 5), "1"}, {state.Shop(600, 24, 5), "7"}, {state.Shop(600, 24, 5), "20ms"},
	{state.Shop(4000, 40, 6), "200ms"}, {state.Swing(300), "10"}, {state.Swing(300), "5ms"}, {state.Wide(60000), "4"},
}

// kill runs two processes at a time.
func kill(dfc string, long time.Duration, seed uint64) error {
	dir, err := os.MkdirTemp("", "dfc-kills-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dfc == "" {
		if dfc, err = state.Build(dir); err != nil {
			return err
		}
	}
	var killers []*state.Killer
	for i, c := range cases {
		k, err := state.NewKiller(dfc, c.program, c.save, filepath.Join(dir, fmt.Sprint("calm", i)))
		if err != nil {
			return err
		}
		killers = append(killers, k)
	}
	var (
		group  sync.WaitGroup
		errs   [2]error
		killed [2]int
		end    = time.Now().Add(long)
	)
	for hand := range 2 {
		group.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(hand)))
			for round := hand; errs[hand] == nil && time.Now().Before(end); round++ {
				at := filepath.Join(dir, fmt.Sprint("hand", hand))
				n, err := killers[round%len(killers)].Round(at, 1+r.IntN(8), r)
				killed[hand] += n
				errs[hand] = errors.Join(err, os.RemoveAll(at))
			}
		})
	}
	group.Wait()
	fmt.Printf("killed %d times\n", killed[0]+killed[1])
	return errors.Join(errs[:]...)
}
