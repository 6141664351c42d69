package dfc

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/train"
)

// RunOptions says where results go and what is saved. The zero value writes
// results relative to the working directory and saves no state.
type RunOptions struct {
	Out        string        // folder that paths of results are relative to; "" is the working directory
	Save       string        // directory of the state; "" saves none
	Resume     string        // directory of a state to go on from; saving goes on there
	Every      time.Duration // save when this much time has passed since the last save …
	EverySteps int64         // … or this many steps; both 0: after evaluations, at most once a second
	Stdout     io.Writer     // where print nodes write; nil discards
	Observer   Observer      // nil: none
	FS         train.FS      // file system of the state; nil: the real one
}

// Result is what a run has yielded.
type Result struct {
	Trainings []Finish    // in order
	Files     []string    // written, in order
	Notices   source.List // such as a damaged state that was passed over
	values    map[string]*array.Array
}

// Value is an output of the program by its name in the IR: "centre",
// "fit/price.dense_1.weight".
func (r *Result) Value(name string) (*array.Array, bool) {
	a, ok := r.values[name]
	return a, ok
}

// Run runs the nodes of the program in order: statistics, trainings, results.
// Result files appear, renamed into place, when all of it has succeeded. When
// ctx ends, the step at hand is finished and saved and the error is an
// *Interrupted.
func (b *Bound) Run(ctx context.Context, o RunOptions) (r *Result, err error) {
	defer guard(&err, "running the program")
	err = b.profile.In(partRest, func() error {
		r, err = b.run(ctx, o)
		return err
	})
	return r, err
}

func (b *Bound) run(ctx context.Context, o RunOptions) (*Result, error) {
	s := newSession(ctx, b, o)
	defer s.results.abort()
	if err := s.keep(); err != nil {
		return nil, err
	}
	if err := s.results.begin(s); err != nil {
		return nil, err
	}
	for _, n := range b.module.Nodes {
		if everyOf(n) != "" || s.recalled(n) {
			continue
		}
		if err := b.profile.In(partOf(n), func() error { return s.node(s.module.Node(n.Name)) }); err != nil {
			return nil, err
		}
	}
	if err := s.complete(); err != nil {
		return nil, err
	}
	var err error
	if s.out.Files, err = s.results.commit(); err != nil {
		return nil, err
	}
	s.out.values = s.values
	return &s.out, nil
}

// complete saves the state of a program that has run to its end: with what
// was computed after training, so that it can predict. A run that only
// repeated the end of one leaves the state as it is.
func (s *session) complete() error {
	if s.keeper == nil || s.keeper.Store == nil || s.was && len(s.moved) == 0 && s.keeper.Store.Last() >= 0 {
		return nil
	}
	return s.keeper.Complete()
}

// guard turns a panic into a report of a fault of dfc, and any error that is
// no diagnostic too, since no foreign text may reach a user unexplained.
func guard(err *error, doing string) {
	if p := recover(); p != nil {
		*err = source.List{panicked(p, doing)}
		return
	}
	switch e := (*err).(type) {
	case nil, source.List, *source.Diagnostic, *Interrupted:
	default:
		*err = source.AsList(e)
	}
}

// panicked is the report of a panic; where it arose is of use to whoever gets
// the report. It is called while the panic is recovered.
func panicked(p any, doing string) *source.Diagnostic {
	switch p := p.(type) {
	case *source.Diagnostic:
		return p
	case *ir.TypeError:
		return source.Bugf(p.Span, "%s: %v%s", doing, p, origin())
	}
	return source.Bugf(source.Span{}, "%s: %v%s", doing, p, origin())
}

// origin names the function of this module that panicked, "" if there is none.
func origin() string {
	const module = "github.com/dfc-lang/dfc/"
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	panicking := false
	for {
		f, more := frames.Next()
		if f.Function == "runtime.gopanic" {
			panicking = true
		} else if name, ok := strings.CutPrefix(f.Function, module); ok && panicking {
			return fmt.Sprintf(" (in %s, line %d)", name, f.Line)
		}
		if !more {
			return ""
		}
	}
}
