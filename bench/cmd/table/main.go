// Command table runs the workloads of bench/ by dfc itself and prints how long
// they take, as medians with their spread and their share of what the machine
// can do. With -peers it runs the same work in PyTorch and JAX, in turn with
// ours, and prints ratios and whether the first losses agree:
//
//	go run ./bench/cmd/table
//	go run ./bench/cmd/table -peers ~/venv/bin/python -rounds 5
//	go run ./bench/cmd/table -only digits64,pendulum
//	go run ./bench/cmd/table -gemm
//
// Nothing else should run meanwhile.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
)

type options struct {
	peers  string // a Python that has PyTorch, JAX, NumPy and pandas; "" runs none
	rounds int
	only   map[string]bool
	dir    string // of the programs
	data   string // where generated data is
	json   bool
	gemm   bool
}

func main() {
	var o options
	var only string
	flag.StringVar(&o.peers, "peers", "", "a `python` with PyTorch and JAX to compare with")
	flag.IntVar(&o.rounds, "rounds", 3, "how often ours and the peers take turns")
	flag.StringVar(&only, "only", "", "names of workloads, separated by commas")
	flag.StringVar(&o.dir, "dir", "bench", "the folder of the programs")
	flag.StringVar(&o.data, "data", "", "a folder for generated data, kept for the next time; else a temporary one")
	flag.BoolVar(&o.gemm, "gemm", false, "products of matrices alone, by size and form")
	flag.BoolVar(&o.json, "json", false, "one object a line instead of a table")
	flag.Parse()
	if only != "" {
		o.only = map[string]bool{}
		for _, name := range strings.Split(only, ",") {
			o.only[name] = true
		}
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.data == "" {
		dir, err := os.MkdirTemp("", "dfc-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.data = dir
	}
	m := measureMachine()
	fmt.Fprintf(os.Stderr, "%s, %d cores; %s tier, FMA peak of a core %.0f GFLOP/s f32, %.0f f64; memory %.0f GB/s\n",
		cpuName(), runtime.NumCPU(), m.tier, m.peak32/1e9, m.peak64/1e9, m.bandwidth/1e9)
	if o.gemm {
		return gemm(o, m)
	}
	var rows []row
	for _, w := range workloads {
		if o.only != nil && !o.only[w.name] {
			continue
		}
		for _, workers := range []int{1, 2} {
			r, err := compare(o, w, workers)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			r.limit(m)
			rows = append(rows, r)
			r.print(os.Stderr)
		}
	}
	if o.json {
		return printJSON(os.Stdout, rows)
	}
	printTable(os.Stdout, rows, o.peers != "")
	return nil
}
