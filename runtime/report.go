package runtime

import (
	"fmt"
	"strings"

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
	Moved    int64 // bytes that kernels read and write
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
	}
	return r
}

// String is the report as `--emit plan` prints it.
func (r Report) String() string {
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
		sizeText(r.Peak), sizeText(r.Lower), sizeText(r.Inputs), sizeText(r.Outputs))
	fmt.Fprintf(&b, "  work     %s, %s moved\n", flopsText(r.Flops), sizeText(r.Moved))
	for _, k := range r.Kernels {
		fmt.Fprintf(&b, "  %-28s %-28s %-22s %10s %10s", k.Name(), k.What, k.Result, flopsText(k.Flops), sizeText(k.Moved))
		if k.Times != 1 {
			fmt.Fprintf(&b, "  ×%d", k.Times)
		}
		if k.Span.File != nil {
			line, col := k.Span.File.Position(k.Span.Start)
			fmt.Fprintf(&b, "  %d:%d", line, col)
		}
		b.WriteByte('\n')
	}
	return b.String()
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
