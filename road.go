package dfc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/passes"
)

// The rows that a plan takes at once where no training says so.
const (
	rowsSymbol = passes.RowsSymbol
	rowsAtOnce = passes.RowsSize
)

// adjointPass is the last pass that concerns derivatives: it takes away the
// functions that they began from.
const adjointPass = "dce.2"

var (
	sizeFreePasses = passes.SizeFree
	sizedPasses    = passes.Sized
)

// passed is a copy of m after the passes of a list. Without Options.Verify the
// verifier looks at the whole of their work once; where that or a pass then
// shows a fault of ours, they run again with the verifier between them, so that
// the message names the pass.
func passed(m *ir.Module, list []passes.Pass, sizes ir.Sizes, o Options) (*ir.Module, error) {
	out := cloneModule(m)
	err := runPasses(out, list, sizes, o, nil)
	if ours(err) && !o.Verify {
		o.Verify = true
		if named := runPasses(cloneModule(m), list, sizes, o, nil); named != nil {
			err = named
		}
	}
	return out, err
}

// ours reports whether an error of passes is a fault of dfc. What they say of a
// program is one diagnostic; the verifier speaks in lists.
func ours(err error) bool {
	var d *source.Diagnostic
	if errors.As(err, &d) {
		return d.Class == source.Bug
	}
	return err != nil
}

// runPasses applies passes. see, which may be nil, looks at the module after
// each and says whether to go on.
func runPasses(m *ir.Module, list []passes.Pass, sizes ir.Sizes, o Options, see func(string, *ir.Module) bool) (err error) {
	at := ""
	for i, p := range list {
		run := p.Run
		p.Run = func(m *ir.Module, sizes ir.Sizes) error {
			at = p.Name
			return run(m, sizes)
		}
		if i == 0 {
			list = slices.Clone(list)
		}
		list[i] = p
	}
	list = slices.DeleteFunc(slices.Clone(list), func(p passes.Pass) bool { return slices.Contains(o.Disabled, p.Name) })
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			err = nil
		default:
			err = panicked(p, "the pass "+at)
		}
	}()
	if see == nil && !o.Verify {
		err = passes.Apply(m, list, sizes)
	} else {
		err = passes.Run(m, list, sizes, func(name string, m *ir.Module) {
			if see != nil && !see(name, m) {
				panic(stop{})
			}
		})
	}
	var d *source.Diagnostic
	var l source.List
	if err != nil && !errors.As(err, &d) && !errors.As(err, &l) {
		err = source.Bugf(source.Span{}, "the pass %s: %v", at, err)
	}
	return err
}

// stop ends the passes early.
type stop struct{}

// passNames are the names under which Emit knows the passes.
func passNames() []string {
	return append(passes.Names(sizeFreePasses), passes.Names(sizedPasses)...)
}

func isPass(name string) bool { return slices.Contains(passNames(), name) }

// isSized reports whether a pass runs only once sizes are known.
func isSized(name string) bool {
	return slices.Contains(passes.Names(sizedPasses), name) && !slices.Contains(passes.Names(sizeFreePasses), name)
}

func passTopics() []Topic {
	var out []Topic
	add := func(list []passes.Pass, when string) {
		for i, name := range passes.Names(list) {
			base, _, again := strings.Cut(name, ".")
			text := fmt.Sprintf("It runs %s.", when)
			if again {
				text += " It has run before, as " + base + "."
			}
			out = append(out, Topic{Kind: "passes", Name: name, Title: list[i].Reason, Text: text})
		}
	}
	add(sizeFreePasses, "before the sizes of the data are known")
	add(sizedPasses, "once the sizes of the data are known")
	return out
}

// gradients checks, on the program as it was written, that a gradient reaches
// every parameter of its trainings; where only some paths are cut it warns.
func gradients(m *ir.Module) source.List {
	var out source.List
	for _, n := range m.Nodes {
		if _, ok := n.Body.(*ir.Train); !ok {
			continue
		}
		for _, d := range passes.Contract(m, n) {
			out.Add(d)
		}
	}
	return out
}
