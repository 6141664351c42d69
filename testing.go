package dfc

import (
	"context"
	"os"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/lower"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestResult is the outcome of one `test` of a file.
type TestResult struct {
	Title string
	Span  source.Span
	Err   error // nil: passed
}

// RunTests compiles the tests of a file, a program or a module, and runs
// them. The error is one that kept them from running; a test that fails has
// its own in its result.
func RunTests(path string, o Options) (out []TestResult, err error) {
	defer guard(&err, "testing "+path)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	p, l := compile(path, text, o, lower.Tests, true)
	if l.HasErrors() {
		return nil, l
	}
	b, err := p.bind(context.Background(), p.module, DataOptions{})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	s := newSession(context.Background(), b, RunOptions{})
	for _, n := range s.module.Nodes {
		t, ok := n.Body.(*ir.Test)
		if !ok {
			if everyOf(n) == "" {
				if err := s.node(n); err != nil {
					return nil, err
				}
			}
			continue
		}
		out = append(out, TestResult{Title: t.Title, Span: n.Span, Err: s.test(n, t)})
	}
	return out, nil
}

// test runs one test.
func (s *session) test(n *ir.Node, t *ir.Test) (err error) {
	defer guard(&err, "the test "+t.Title)
	c, err := s.newCall(t.Fn, "", n)
	if err != nil {
		return err
	}
	return c.once()
}
