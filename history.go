package dfc

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/train"
)

// historySuffix is what the symbol of a training's evaluations has behind the
// name of the training.
const historySuffix = ".history"

// expected is how many evaluations a training has if nothing stops it, for the
// plan until it is known.
func expected(t *ir.Train, rows int64) int64 {
	switch {
	case t.Epochs > 0:
		return t.Epochs
	case t.Table == "":
		return (t.Steps + train.Tableless - 1) / train.Tableless
	}
	per := train.BatchesOf(t, rows)
	return (t.Steps + per - 1) / max(1, per)
}

// record enters the course of a training as far as the program asks for it.
func (s *session) record(n *ir.Node, t *ir.Train, p *train.Progressed) error {
	if len(t.History) == 0 {
		return nil
	}
	for _, o := range t.History {
		_, name, _ := strings.Cut(o.Name, "/")
		a := array.New(o.Type.Kind, len(p.History))
		for i, m := range p.History {
			x, ok := m.Loss, name == "loss"
			for k, metric := range p.Metrics {
				if metric == name && !ok {
					x, ok = m.Values[k], true
				}
			}
			if !ok {
				return source.Bugf(n.Span, "%s has not recorded %s", n.Name, name)
			}
			a.SetFloat(i, float64(x))
		}
		s.values[o.Name] = a
		if s.keeper != nil && s.asked(o.Name) {
			s.keeper.State.Given = put(s.keeper.State.Given, train.Named{Name: o.Name, Value: a})
		}
	}
	size := int64(len(p.History))
	s.bound.lengths[n.Name+historySuffix] = size
	if s.bound.sizes[n.Name+historySuffix].Actual == size {
		return nil
	}
	return s.replan()
}
