package runtime

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// tooLarge refuses a plan, and says what takes most of it and which batch of a
// training would fit.
func (p *Program) tooLarge(f *ir.Func, pl *plan) error {
	d := source.Errorf(CodeMemory, f.Span, "%s needs %s of memory, and %s are allowed", called(f), SizeText(pl.peak), SizeText(p.opt.Memory))
	for _, s := range pl.largest(3) {
		d.Note(s.value.Span, "%s of it for %s", SizeText(s.bytes), strings.ReplaceAll(s.value.Type.String(), "$", ""))
	}
	d.WithHint("allow more with --memory")
	if !strings.HasSuffix(f.Name, ".step") {
		return d // its rows at once are not for users to choose
	}
	for _, name := range ir.FreeSymbols(f) {
		s := p.module.Symbol(name)
		if s == nil || s.Class != ir.Batch {
			continue
		}
		if n := p.fitting(f, name); n > 0 {
			return d.WithHint("with batches of %d rows instead of %d it would fit", n, p.sizes[name].Capacity)
		}
	}
	return d
}

// fitting is the greatest power of two of a symbol whose plan fits, 0 where none does.
func (p *Program) fitting(f *ir.Func, name string) int64 {
	for n := int64(1) << 30; n > 0; n /= 2 {
		if n >= p.sizes[name].Capacity {
			continue
		}
		q := &Program{module: p.module, sizes: ir.Sizes{}, opt: p.opt, pool: p.pool}
		for k, v := range p.sizes {
			q.sizes[k] = v
		}
		q.sizes[name] = ir.Size{Actual: n, Capacity: n}
		if pl, err := newPlan(q, f, nil, map[string]*plan{}); err == nil && pl.peak <= p.opt.Memory {
			return n
		}
	}
	return 0
}

// largest are the largest pieces of storage in use where most is.
func (p *plan) largest(n int) []slot {
	change := make([]int64, p.next+2)
	for _, s := range p.slots {
		if s.class == inArena {
			change[s.from] += s.bytes
			change[s.to+1] -= s.bytes
		}
	}
	at, most, now := 0, int64(0), int64(0)
	for i, c := range change {
		if now += c; now > most {
			at, most = i, now
		}
	}
	var alive []slot
	for _, s := range p.slots {
		if s.class == inArena && s.from <= at && at <= s.to && s.value != nil {
			alive = append(alive, s)
		}
	}
	slices.SortStableFunc(alive, func(a, b slot) int { return cmp.Compare(b.bytes, a.bytes) })
	return alive[:min(n, len(alive))]
}

// Bytes is what a value of a type takes at the capacities, 0 where a size is
// not known.
func Bytes(t ir.Type, sizes ir.Sizes) int64 {
	n := int64(bytesOf(t.Kind))
	for _, d := range t.Dims {
		size, err := d.Eval(func(name string) (int64, bool) { s, ok := sizes[name]; return max(s.Capacity, s.Actual), ok })
		if err != nil {
			return 0
		}
		n *= size
	}
	return n
}
