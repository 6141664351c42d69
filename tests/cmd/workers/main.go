// Command workers compares the steps of trainings on one worker and on two, on
// a machine left alone and with another process on one of its cores, and fails
// when in the latter case the median step of two workers is more than a tenth
// above one worker's.
//
//	go run ./tests/cmd/workers [-steps 600] [-rounds 5] [PROGRAM ...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/dfc-lang/dfc"
)

func main() {
	steps := flag.Int("steps", 600, "steps of a run")
	rounds := flag.Int("rounds", 5, "runs of each kind, in turn")
	burning := flag.Bool("burn", false, "only keep one core busy until standard input ends")
	flag.Parse()
	if *burning {
		burn()
	}
	programs := flag.Args()
	if len(programs) == 0 {
		programs = []string{"examples/housing.df", "examples/mnist.df"}
	}
	for _, p := range programs {
		if err := compare(p, *steps, *rounds); err != nil {
			fmt.Fprintln(os.Stderr, "workers:", err)
			os.Exit(1)
		}
	}
}

// burn keeps one core busy as long as the process that started it lives.
func burn() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for x := 1; ; x++ {
		if x == 0 {
			os.Exit(1)
		}
	}
}

// most is how much longer a step of two workers may take than one of one
// while another process takes a core.
const most = 1.10

func compare(path string, steps, rounds int) error {
	p, err := dfc.Compile(path, dfc.Options{})
	if err != nil {
		return err
	}
	var bound []*dfc.Bound
	for _, n := range []int{1, 2} {
		b, err := p.Bind(dfc.DataOptions{Workers: n})
		if err != nil {
			return err
		}
		defer b.Close()
		bound = append(bound, b)
	}
	quiet, err := measure(bound, steps, rounds)
	if err != nil {
		return err
	}
	show(path, "left alone", quiet)
	taken, err := disturbed(func() ([][]time.Duration, error) { return measure(bound, steps, rounds) })
	if err != nil {
		return err
	}
	if r := show(path, "one core taken", taken); r > most {
		return fmt.Errorf("%s: with a core taken, the median step of two workers is %.2f times that of one", path, r)
	}
	return nil
}

// disturbed measures while another process keeps one core busy.
func disturbed(f func() ([][]time.Duration, error)) ([][]time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, "-burn")
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer c.Wait()
	defer c.Process.Kill()
	defer in.Close()
	return f()
}

// measure runs the programs in turn and collects the times of their steps.
func measure(bound []*dfc.Bound, steps, rounds int) ([][]time.Duration, error) {
	times := make([][]time.Duration, len(bound))
	for range rounds {
		for i, b := range bound {
			ctx, cancel := context.WithCancel(context.Background())
			w := &watch{most: steps, cancel: cancel}
			_, err := b.Run(ctx, dfc.RunOptions{Out: os.TempDir(), Observer: w})
			cancel()
			var stopped *dfc.Interrupted
			if err != nil && !errors.As(err, &stopped) {
				return nil, err
			}
			times[i] = append(times[i], w.times[len(w.times)/10:]...)
		}
	}
	return times, nil
}

// watch notes the times of steps and ends the run after some.
type watch struct {
	dfc.Silent
	times  []time.Duration
	most   int
	cancel func()
}

func (w *watch) Step(p dfc.Progress) {
	if w.times = append(w.times, p.Took); len(w.times) == w.most {
		w.cancel()
	}
}

// show prints medians and tails, and returns the ratio of the medians, two
// workers over one.
func show(path, when string, times [][]time.Duration) float64 {
	var medians []float64
	for i, t := range times {
		slices.Sort(t)
		at := func(q float64) time.Duration { return t[int(q*float64(len(t)-1))].Round(100 * time.Nanosecond) }
		fmt.Printf("%-22s %-15s %d workers  median %-9v 90%% %-9v 99%% %-9v\n", path, when, i+1, at(.5), at(.9), at(.99))
		medians = append(medians, float64(t[len(t)/2]))
	}
	r := medians[1] / medians[0]
	fmt.Printf("%-22s %-15s two over one: %.2f\n", path, when, r)
	return r
}
