package runtime

import (
	"cmp"
	"slices"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Profile measures where the time of a run goes. Every moment counts for one
// thing: for the kernel that runs, else for the innermost part of the run that
// is under way. All of it happens on one goroutine, the one that runs; what
// helpers do counts for the kernel that they help. A nil *Profile measures
// nothing.
type Profile struct {
	base    time.Time
	inner   time.Duration // time of what has ended inside what is under way
	parts   []*Part
	kernels map[*ir.Op]*KernelTime
	order   []*KernelTime
}

// Part is a part of a run that is no kernel: waiting for data, saving.
type Part struct {
	Name  string
	Calls int64
	Time  time.Duration
}

// KernelTime is what a kernel took in all.
type KernelTime struct {
	KernelRow
	Function string
	Calls    int64
	Time     time.Duration
	AllFlops int64
	AllMoved int64
	Lines    []LineShare
}

// LineShare is the share of a kernel's work that a place in the source asks
// for, forwards or in a derivative; the shares of a kernel are 1 in all.
type LineShare struct {
	Span     source.Span
	Backward bool
	Share    float64
}

// The parts that the executor itself adds.
const (
	partPlanning = "planning functions"
	partCalls    = "between kernels"
)

// NewProfile begins to measure.
func NewProfile() *Profile {
	return &Profile{base: time.Now(), kernels: map[*ir.Op]*KernelTime{}}
}

// mark is the beginning of something measured.
type mark struct{ began, inner time.Duration }

func (p *Profile) begin() mark {
	m := mark{time.Since(p.base), p.inner}
	p.inner = 0
	return m
}

// end is the time since the mark less that of what ended inside.
func (p *Profile) end(m mark) time.Duration {
	all := time.Since(p.base) - m.began
	own := all - p.inner
	p.inner = m.inner + all
	return own
}

// In runs f as a part of the run.
func (p *Profile) In(part string, f func() error) error {
	if p == nil {
		return f()
	}
	i := slices.IndexFunc(p.parts, func(q *Part) bool { return q.Name == part })
	if i < 0 {
		i = len(p.parts)
		p.parts = append(p.parts, &Part{Name: part})
	}
	q := p.parts[i]
	m := p.begin()
	err := f()
	q.Time += p.end(m)
	q.Calls++
	return err
}

// Parts are the parts of the run, the longest first.
func (p *Profile) Parts() []Part {
	var out []Part
	for _, q := range p.parts {
		out = append(out, *q)
	}
	slices.SortStableFunc(out, func(a, b Part) int { return cmp.Compare(b.Time, a.Time) })
	return out
}

// Kernels are the kernels that ran, the longest first.
func (p *Profile) Kernels() []KernelTime {
	var out []KernelTime
	for _, k := range p.order {
		if k.Calls > 0 {
			out = append(out, *k)
		}
	}
	slices.SortStableFunc(out, func(a, b KernelTime) int { return cmp.Compare(b.Time, a.Time) })
	return out
}

// boundKernel is a kernel bound to sizes, which say what each call does.
type boundKernel struct {
	profile      *Profile
	all          *KernelTime
	flops, moved int64
}

// kernel is an operation of fn under the sizes of row.
func (p *Profile) kernel(fn *ir.Func, op *ir.Op, row KernelRow) boundKernel {
	k := p.kernels[op]
	if k == nil {
		k = &KernelTime{KernelRow: row, Function: fn.Name, Lines: linesOf(op)}
		p.kernels[op] = k
		p.order = append(p.order, k)
	}
	return boundKernel{p, k, row.Flops, row.Moved}
}

// timed measures each run of a step.
func (k boundKernel) timed(s step) step {
	return func() *Fault {
		m := k.profile.begin()
		f := s()
		k.all.Time += k.profile.end(m)
		k.all.Calls++
		k.all.AllFlops += k.flops
		k.all.AllMoved += k.moved
		return f
	}
}

// linesOf divides the work of an operation among the places that its parts
// come from, by their flops.
func linesOf(op *ir.Op) []LineShare {
	if op.Row.Name != "fused" {
		return []LineShare{{op.Span, isBackward(op), 1}}
	}
	var out []LineShare
	total := 0.0
	for _, o := range op.Regions[0].Ops {
		if o.Row.Flops == nil {
			continue
		}
		work := float64(o.Row.Flops(o, func(ir.Dim) int64 { return 1 }))
		back := isBackward(o)
		i := slices.IndexFunc(out, func(l LineShare) bool { return l.Span == o.Span && l.Backward == back })
		if i < 0 {
			i = len(out)
			out = append(out, LineShare{Span: o.Span, Backward: back})
		}
		out[i].Share += work
		total += work
	}
	if total == 0 {
		return []LineShare{{op.Span, isBackward(op), 1}}
	}
	for i := range out {
		out[i].Share /= total
	}
	return out
}

func isBackward(op *ir.Op) bool {
	return slices.ContainsFunc(op.Results, func(v *ir.Value) bool { return v.Primal != "" })
}
