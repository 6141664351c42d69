package dfc

import (
	"context"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Repeat computes the value of a `let` or of a part of the program named in
// its IR, and then n times more with the same inputs; it returns the time of
// each repetition. What it depends on is computed once; nothing is written or
// printed.
func (b *Bound) Repeat(ctx context.Context, name string, n int) (took []time.Duration, err error) {
	err = b.RepeatWhile(ctx, name, func(d time.Duration) bool {
		took = append(took, d)
		return len(took) < n
	})
	return took, err
}

// RepeatWhile is Repeat for as long as the caller wants: it is told the time of
// each repetition, and what it does meanwhile is in none of them.
func (b *Bound) RepeatWhile(ctx context.Context, name string, more func(took time.Duration) bool) (err error) {
	s := newSession(ctx, b, RunOptions{})
	defer guard(&err, "running the program")
	for _, node := range b.module.Nodes {
		switch body := s.module.Node(node.Name).Body.(type) {
		case *ir.Write, *ir.Print:
			continue
		case *ir.Compute:
			if node.Name == name {
				return s.repeat(node, body, more)
			}
		}
		if everyOf(node) != "" {
			continue
		}
		if err := s.node(s.module.Node(node.Name)); err != nil {
			return err
		}
	}
	return source.List{source.Errorf(codeNoNode, source.Span{}, "the program computes no value named %s", name)}
}

func (s *session) repeat(n *ir.Node, b *ir.Compute, more func(took time.Duration) bool) error {
	c, err := s.newCall(b.Fn, "", n)
	if err != nil {
		return err
	}
	if err := c.once(); err != nil {
		return err
	}
	for again := true; again; {
		began := time.Now()
		if err := c.once(); err != nil {
			return err
		}
		again = more(time.Since(began))
	}
	return nil
}

// Work is what a run of a planned function counts for.
type Work struct {
	Flops  int64
	Moved  int64   // bytes that its kernels read and write
	Cycles float64 // of one core, that the instructions of its machine code need at least; without products and other kernels
}

// Work counts a run of a planned function. Names are those of the IR: of a
// training's step ("fit.step") or of a computed value.
func (b *Bound) Work(name string) (w Work, err error) {
	defer guard(&err, "planning the program")
	for _, fn := range b.planned() {
		if fn.name != name {
			continue
		}
		f, err := b.runtime.Function(fn.name, fn.donate)
		if err != nil {
			return w, err
		}
		r := f.Plan()
		return Work{r.Flops, r.Moved, r.Cycles}, nil
	}
	return w, source.List{source.Errorf(codeNoNode, source.Span{}, "the program computes no value named %s", name)}
}
