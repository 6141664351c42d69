package dfc

import (
	"errors"
	"strconv"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/data"
)

// holding is something that stays in memory while a program runs.
type holding struct {
	what   string
	bytes  int64
	at     source.Span
	remedy string // to need less of it
}

// holdings are what a bound program keeps in memory beside the arena of its
// functions: rows, batches made ahead, parameters and their copies.
func (b *Bound) holdings(m *ir.Module) []holding {
	list := []holding{{what: "rows of tables", bytes: b.data.Held(), remedy: "; tables that keys look up stay in memory whole"}}
	for _, n := range m.Nodes {
		t, ok := n.Body.(*ir.Train)
		if !ok || m.Func(t.StepFn) == nil {
			continue
		}
		fn := m.Func(t.StepFn)
		row, moving := int64(0), int64(0)
		for i, in := range fn.Inputs {
			switch v := fn.Params()[i]; in.Role {
			case ir.Col:
				row += runtime.Bytes(v.Type.Inner(), b.sizes)
			case ir.Weight, ir.State, ir.Plain:
				moving += runtime.Bytes(v.Type, b.sizes)
			}
		}
		copies := int64(2) // those at work, and those of the last evaluation
		if t.Keep != "" && t.Keep != "last" {
			copies++
		}
		list = append(list, holding{"parameters of `" + n.Name + "` and the state of its optimiser (" + strconv.FormatInt(copies, 10) + " copies)", copies * moving, n.Span, ", or learn with fewer parameters"})
		if row > 0 {
			list = append(list, holding{"batches of `" + n.Name + "` made ahead", data.Ahead(b.sizes[t.Symbol].Capacity, row), n.Span, ", or learn in smaller batches"})
		}
	}
	return list
}

// fit checks that a plan stays within the memory allowed, before anything
// runs, and says what takes it where it does not.
func (b *Bound) fit(r *runtime.Program, held []holding) error {
	for _, fn := range b.planned() {
		err := r.Check(fn.name, fn.donate)
		var d *source.Diagnostic
		if errors.As(err, &d) && d.Code == runtime.CodeMemory {
			return b.explain(d, held)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// explain adds to a message that memory is short what else takes it.
func (b *Bound) explain(d *source.Diagnostic, held []holding) error {
	var parts []string
	for _, h := range held {
		if h.bytes > 0 {
			parts = append(parts, runtime.SizeText(h.bytes)+" are for "+h.what)
		}
	}
	if len(parts) > 0 {
		d.Note(source.Span{}, "of the %s given with --memory, %s", runtime.SizeText(b.options.Memory), list(parts))
	}
	return d
}

// leftOf is what is left of the memory allowed for the arena; 0 where there is
// no bound.
func (b *Bound) leftOf(m *ir.Module, held []holding) (int64, error) {
	if b.options.Memory <= 0 {
		return 0, nil
	}
	sum := int64(0)
	largest := held[0]
	for _, h := range held {
		sum += h.bytes
		if h.bytes > largest.bytes {
			largest = h
		}
	}
	if sum < b.options.Memory {
		return b.options.Memory - sum, nil
	}
	d := source.Errorf(runtime.CodeMemory, largest.at, "the program keeps %s in memory before it computes anything, and %s are allowed",
		runtime.SizeText(sum), runtime.SizeText(b.options.Memory)).At(m.Nodes[0].Span)
	return 0, b.explain(d.WithHint("allow more with --memory%s", largest.remedy), held)
}
