package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

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
}

// gemm prints the table of products on one worker and two.
func gemm(o options, m machine) error {
	for _, workers := range []int{1, 2} {
		for _, n := range productSizes {
			lines, err := products(o, m, n, workers)
			if err != nil {
				return err
			}
			for _, p := range lines {
				if err := p.print(os.Stdout, o.json); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// products takes turns with NumPy's OpenBLAS where there are peers.
func products(o options, m machine, n, workers int) ([]product, error) {
	ours, blas := map[string][]float64{}, map[string][]float64{}
	for i := 0; i < o.rounds; i++ {
		if err := productTimes(o, n, workers, ours); err != nil {
			return nil, err
		}
		if o.peers == "" {
			continue
		}
		cmd := exec.Command(o.peers, filepath.Join(o.dir, "peers", "peers.py"), "gemm", "--threads", strconv.Itoa(workers), "--size", strconv.Itoa(n))
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("the peers: %w", err)
		}
		var a answer
		if err := json.Unmarshal(text, &a); err != nil {
			return nil, fmt.Errorf("the peers printed %q: %w", text, err)
		}
		for form, t := range a.Seconds {
			blas[form] = append(blas[form], t)
		}
	}
	var out []product
	for _, form := range productForms {
		peak := m.peak32
		if form[2:] == "64" {
			peak = m.peak64
		}
		work := 2 * float64(n) * float64(n) * float64(n)
		p := product{Size: n, Form: form, Workers: workers, Flops: work / quantile(ours[form], 0.5)}
		p.OfPeak = p.Flops / (peak * float64(workers))
		if t := quantile(blas[form], 0.5); t > 0 {
			p.BLAS = work / t
		}
		out = append(out, p)
	}
	return out, nil
}

func productTimes(o options, n, workers int, into map[string][]float64) error {
	p, err := dfc.Compile(filepath.Join(o.dir, "gemm.df"), dfc.Options{Settings: map[string]string{"n": strconv.Itoa(n)}})
	if err != nil {
		return err
	}
	b, err := p.Bind(dfc.DataOptions{Workers: workers})
	if err != nil {
		return err
	}
	defer b.Close()
	for _, form := range productForms {
		times, err := repeat(b, form)
		if err != nil {
			return err
		}
		into[form] = append(into[form], quantile(times, 0.5))
	}
	return nil
}

func (p *product) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(p)
	}
	_, err := fmt.Fprintf(w, "%5d  %s  %d workers  %6.1f GFLOP/s  %3.0f %% of peak", p.Size, p.Form, p.Workers, p.Flops/1e9, 100*p.OfPeak)
	if p.BLAS > 0 {
		_, err = fmt.Fprintf(w, "  OpenBLAS %6.1f, ratio %.2f", p.BLAS/1e9, p.Flops/p.BLAS)
	}
	fmt.Fprintln(w)
	return err
}
