package runtime

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/dfc-lang/dfc/ir"
)

// Report is what a plan says of itself, for the sizes it was made for.
type Report struct {
	Function string
	Sizes    []SymbolSize
	Peak     int64 // bytes of the arena
	Lower    int64 // the most that is alive at once: no arena can be smaller
	Inputs   int64 // bytes of parameters
	Outputs  int64 // bytes of results that are not donated
	Flops    int64
	Moved    int64   // bytes that kernels read and write
	Cycles   float64 // that the instructions of machine code need at least
	Kernels  []KernelRow
}

// SymbolSize is the size a symbol was planned for.
type SymbolSize struct {
	Name string
	Size int64
}

func newReport(p *plan, b *binding) Report {
	r := Report{Function: p.fn.Name, Peak: p.peak, Lower: p.lower, Kernels: b.rows}
	for _, s := range ir.FreeSymbols(p.fn) {
		r.Sizes = append(r.Sizes, SymbolSize{s, p.prog.sizes[s].Capacity})
	}
	for _, v := range p.fn.Params() {
		r.Inputs += p.bytes(v.Type)
	}
	for k, v := range p.fn.Results() {
		if _, ok := p.donate[k]; !ok {
			r.Outputs += p.bytes(v.Type)
		}
	}
	for _, k := range b.rows {
		r.Flops += k.Flops * k.Times
		r.Moved += k.Moved * k.Times
		r.Cycles += k.Cycles * float64(k.Times)
	}
	return r
}

// String is the report for the reference core.
func (r Report) String() string { return r.Text(Reference) }

// Text is the report as `--emit plan` prints it, with the least times that a
// core could need.
func (r Report) Text(m Machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan @%s", r.Function)
	for i, s := range r.Sizes {
		sep := ", "
		if i == 0 {
			sep = "  with "
		}
		fmt.Fprintf(&b, "%s%s = %d", sep, s.Name, s.Size)
	}
	fmt.Fprintf(&b, "\n  memory   %s arena (at least %s alive at once), %s parameters, %s results\n",
		SizeText(r.Peak), SizeText(r.Lower), SizeText(r.Inputs), SizeText(r.Outputs))
	all, bound := r.AtLeast(m)
	fmt.Fprintf(&b, "  work     %s, %s moved; at least %s", flopsText(r.Flops), SizeText(r.Moved), timeText(all))
	for _, limit := range []string{"arithmetic", "cache", "memory"} {
		if t := bound[limit]; t > 0 {
			fmt.Fprintf(&b, ", %.0f %% %s", 100*float64(t)/float64(all), limit)
		}
	}
	b.WriteString("\n")
	if len(r.Kernels) == 0 {
		return b.String()
	}
	row := func(cells ...any) { fmt.Fprintf(&b, "  %-28s %-28s %-22s %12s %10s %10s  %-10s  %s\n", cells...) }
	row("operation", "kernel", "result", "arithmetic", "moved", "at least", "limit", "place")
	for i := range r.Kernels {
		k := &r.Kernels[i]
		t, limit := m.AtLeast(k, r.footprint())
		row(k.Name(), k.What, k.Result, flopsText(k.Flops), SizeText(k.Moved), timeText(t), limit, k.place())
	}
	return b.String()
}

// place is where a kernel comes from, how often it runs and what it is about.
func (r *KernelRow) place() string {
	var words []string
	if r.Span.File != nil {
		line, _ := r.Span.File.Position(r.Span.Start)
		words = append(words, fmt.Sprintf("%s:%d", path.Base(filepath.ToSlash(r.Span.File.Path)), line))
	}
	if r.Times != 1 {
		words = append(words, fmt.Sprintf("×%d", r.Times))
	}
	if r.Weight != "" {
		words = append(words, r.Weight)
	}
	if r.Backward {
		words = append(words, "(backward)")
	}
	return strings.Join(words, " ")
}

// footprint is all the memory that the function uses.
func (r *Report) footprint() int64 { return r.Peak + r.Inputs + r.Outputs }

// AtLeast is the time that a core needs at least for all kernels, one behind
// the other, and how much of it each limit sets.
func (r *Report) AtLeast(m Machine) (all time.Duration, bound map[string]time.Duration) {
	bound = map[string]time.Duration{}
	for i := range r.Kernels {
		k := &r.Kernels[i]
		t, limit := m.AtLeast(k, r.footprint())
		bound[limit] += t * time.Duration(k.Times)
		all += t * time.Duration(k.Times)
	}
	return all, bound
}

// timeText is a time in three digits.
func timeText(t time.Duration) string {
	switch x := float64(t); {
	case x < 1e3:
		return fmt.Sprintf("%.0f ns", x)
	case x < 1e6:
		return fmt.Sprintf("%.3g µs", x/1e3)
	case x < 1e9:
		return fmt.Sprintf("%.3g ms", x/1e6)
	}
	return fmt.Sprintf("%.3g s", t.Seconds())
}

func flopsText(n int64) string {
	switch x := float64(n); {
	case n < 1000:
		return fmt.Sprintf("%d flop", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kflop", x/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f Mflop", x/1e6)
	}
	return fmt.Sprintf("%.1f Gflop", float64(n)/1e9)
}
