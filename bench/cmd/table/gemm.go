package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dfc-lang/dfc"
)

// products are the sizes and forms of gemm.df: nothing, the left, the right
// side transposed.
var (
	productSizes = []int{64, 128, 256, 512, 1024, 2048}
	productForms = []string{"nn32", "tn32", "nt32", "nn64", "tn64", "nt64"}
)

// product is one line of the table of GEMM: floating operations a second.
type product struct {
	Size    int     `json:"n"`
	Form    string  `json:"form"`
	Workers int     `json:"workers"`
	Flops   float64 `json:"flops"`
	OfPeak  float64 `json:"of_peak"`
	BLAS    float64 `json:"openblas_flops,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"`
}

// gemm prints the table of products on one worker and two, a line when it is
// known.
func gemm(o options, m machine) error {
	for _, workers := range []int{1, 2} {
		for _, n := range productSizes {
			if err := products(o, m, n, workers); err != nil {
				return err
			}
		}
	}
	return nil
}

// products measures the forms of one size, in turns with NumPy's OpenBLAS
// where there are peers.
func products(o options, m machine, n, workers int) error {
	p, err := dfc.Compile(filepath.Join(o.dir, "gemm.df"), dfc.Options{Settings: map[string]string{"n": strconv.Itoa(n)}})
	if err != nil {
		return err
	}
	b, err := p.Bind(dfc.DataOptions{Workers: workers})
	if err != nil {
		return err
	}
	defer b.Close()
	var theirs *blas
	if o.peers != "" {
		if theirs, err = startBLAS(o, n, workers); err != nil {
			return err
		}
		defer theirs.close()
	}
	for _, form := range productForms {
		t := &turns{form: form, blas: theirs, left: o.rounds * max(1, min(5, 1024/n)), workers: workers}
		if err := b.RepeatWhile(context.Background(), form, t.more); err != nil {
			return err
		}
		if t.err != nil {
			return t.err
		}
		if err := t.product(m, n).print(os.Stdout, o.json); err != nil {
			return err
		}
	}
	return nil
}

// turn is how long a side computes before the other does: machines are faster
// and slower for tenths of a second.
const turn = 5 * time.Millisecond

// turns is the measurement of a form.
type turns struct {
	form    string
	workers int
	blas    *blas // nil for none
	left    int   // turns

	warm   bool // the other side's data have left the caches
	spent  time.Duration
	taken  []float64 // times of this turn
	ours   []float64 // medians of turns
	theirs []float64
	err    error
}

// more takes the time of a repetition and says whether there is to be another.
func (t *turns) more(took time.Duration) bool {
	if !t.warm {
		t.warm = true
		return true
	}
	t.taken = append(t.taken, took.Seconds())
	if t.spent += took; t.spent < turn {
		return true
	}
	t.ours = append(t.ours, quantile(t.taken, 0.5))
	t.taken, t.spent, t.warm = t.taken[:0], 0, false
	if t.blas != nil {
		s, err := t.blas.turn(t.form)
		if err != nil {
			t.err = err
			return false
		}
		t.theirs = append(t.theirs, s)
		if t.workers > 1 {
			time.Sleep(restOfThreads)
		}
	}
	t.left--
	return t.left > 0
}

// restOfThreads is more than the time for which threads of OpenBLAS wait awake,
// as peers.py has it; they would be in the way of ours.
const restOfThreads = 3 * time.Millisecond

// product is the line of the table: medians, and of what was measured in
// neighbouring moments the median ratio.
func (t *turns) product(m machine, n int) *product {
	peak := m.peak32
	if t.form[2:] == "64" {
		peak = m.peak64
	}
	work := 2 * float64(n) * float64(n) * float64(n)
	p := &product{Size: n, Form: t.form, Workers: t.workers, Flops: work / quantile(t.ours, 0.5)}
	p.OfPeak = p.Flops / (peak * float64(t.workers))
	if len(t.theirs) > 0 {
		p.BLAS = work / quantile(t.theirs, 0.5)
		var ratios []float64
		for i, s := range t.theirs {
			ratios = append(ratios, s/t.ours[i])
		}
		p.Ratio = quantile(ratios, 0.5)
	}
	return p
}

func (p *product) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(p)
	}
	_, err := fmt.Fprintf(w, "%5d  %s  %d workers  %6.1f GFLOP/s  %3.0f %% of peak", p.Size, p.Form, p.Workers, p.Flops/1e9, 100*p.OfPeak)
	if p.BLAS > 0 {
		_, err = fmt.Fprintf(w, "  OpenBLAS %6.1f, ratio %.2f", p.BLAS/1e9, p.Ratio)
	}
	fmt.Fprintln(w)
	return err
}
