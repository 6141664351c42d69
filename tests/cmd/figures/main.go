// Command figures runs the examples in full, over several seeds, and compares
// what they reach with the bounds that the project promises:
//
//	go run ./tests/cmd/figures
//
// It prints a row for each and exits with 1 if one falls short.
package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/dfc-lang/dfc"
)

// figure is a promise about an example.
type figure struct {
	name, what string
	program    string
	seeds      int
	measure    func(dir string) (float64, error) // from the files that a run wrote
	combine    func([]float64) float64
	bound      float64
	atLeast    bool
}

var figures = []figure{
	{"housing", "median test RMSE, 100,000 dollars", "housing.df", 5, housingRMSE, median, 0.55, false},
	{"mnist", "mean test accuracy", "mnist.df", 3, accuracy("digits.csv"), mean, 0.94, true},
	{"iris", "mean test accuracy", "iris.df", 20, accuracy("species.csv"), mean, 0.95, true},
	{"flights", "mean share of RMSE below the airline's mean", "flights.df", 3, flightsGain, mean, 0.06, true},
	{"pendulum", "largest error of the parameters", "pendulum.df", 1, pendulumError, mean, 1e-6, false},
}

func main() {
	bad := false
	fmt.Printf("%-10s %-46s %10s %10s %8s  %s\n", "example", "figure", "reached", "bound", "seeds", "time of a run")
	for _, f := range figures {
		value, took, err := f.run()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", f.name, err)
			bad = true
			continue
		}
		ok := value <= f.bound
		if f.atLeast {
			ok = value >= f.bound
		}
		verdict := ""
		if !ok {
			verdict, bad = "  FALLS SHORT", true
		}
		fmt.Printf("%-10s %-46s %10.4g %10.4g %8d  %.1f s%s\n", f.name, f.what, value, f.bound, f.seeds, took.Seconds(), verdict)
	}
	if bad {
		os.Exit(1)
	}
}

// run trains with each seed; took is the median time of a whole run.
func (f figure) run() (value float64, took time.Duration, err error) {
	var values, times []float64
	for seed := int64(1); seed <= int64(f.seeds); seed++ {
		dir, err := os.MkdirTemp("", "figures")
		if err != nil {
			return 0, 0, err
		}
		began := time.Now()
		err = runOnce(filepath.Join("examples", f.program), dir, seed)
		times = append(times, time.Since(began).Seconds())
		var v float64
		if err == nil {
			v, err = f.measure(dir)
		}
		os.RemoveAll(dir)
		if err != nil {
			return 0, 0, err
		}
		values = append(values, v)
	}
	return f.combine(values), time.Duration(median(times) * float64(time.Second)), nil
}

func runOnce(program, dir string, seed int64) error {
	p, err := dfc.Compile(program, dfc.Options{Seed: &seed})
	if err != nil {
		return err
	}
	b, err := p.Bind(dfc.DataOptions{})
	if err != nil {
		return err
	}
	defer b.Close()
	_, err = b.Run(context.Background(), dfc.RunOptions{Out: dir})
	return err
}

func median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// table reads a result file: its rows without the heading.
func table(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, fmt.Errorf("%s: no rows (%v)", path, err)
	}
	return rows[1:], nil
}

func number(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

func housingRMSE(dir string) (float64, error) {
	rows, err := table(filepath.Join(dir, "predicted.csv"))
	sum := 0.0
	for _, r := range rows {
		d := (number(r[0]) - number(r[1])) / 1e5
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(rows))), err
}

func accuracy(file string) func(string) (float64, error) {
	return func(dir string) (float64, error) {
		rows, err := table(filepath.Join(dir, file))
		right := 0
		for _, r := range rows {
			if r[0] == r[1] {
				right++
			}
		}
		return float64(right) / float64(len(rows)), err
	}
}

// flightsGain compares with the mean delay of each airline taken over the
// tested flights themselves, a yardstick that knows more than it could.
func flightsGain(dir string) (float64, error) {
	rows, err := table(filepath.Join(dir, "delays.csv"))
	if err != nil {
		return 0, err
	}
	sum, count := map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		sum[r[0]] += number(r[1])
		count[r[0]]++
	}
	plain, model := 0.0, 0.0
	for _, r := range rows {
		a, m := number(r[1])-sum[r[0]]/count[r[0]], number(r[1])-number(r[2])
		plain, model = plain+a*a, model+m*m
	}
	return 1 - math.Sqrt(model/plain), nil
}

func pendulumError(dir string) (float64, error) {
	text, err := os.ReadFile(filepath.Join(dir, "pendulum.json"))
	if err != nil {
		return 0, err
	}
	var r struct{ Found, Truth []float64 }
	if err := json.Unmarshal(text, &r); err != nil || len(r.Found) != 2 {
		return 0, fmt.Errorf("pendulum.json: %s", text)
	}
	return math.Max(math.Abs(r.Found[0]-r.Truth[0]), math.Abs(r.Found[1]-r.Truth[1])), nil
}
