package dfc

import (
	"context"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
	"github.com/dfc-lang/dfc/runtime/train"
)

// logs are the files that grow while a training runs.
func (s *session) logs(n *ir.Node, t *ir.Train) ([]train.Log, error) {
	var out []train.Log
	for i, l := range t.Logs {
		g := &logger{s: s, n: n, owner: ir.LogOwner(n.Name, i), log: l}
		if err := g.prepare(); err != nil {
			return nil, err
		}
		out = append(out, train.Log{Name: l.Path, Path: s.results.growing[l.Path], Each: l.Steps, Span: l.Span, Row: g.row})
	}
	return out, nil
}

// logger makes the rows of a log.
type logger struct {
	s     *session
	n     *ir.Node // the training
	owner string   // of the nodes that compute the row
	log   ir.Log
	names []string // outputs, in the order of the values of a row
	text  *data.RowText
}

// prepare lays the row out.
func (g *logger) prepare() error {
	w := &ir.Write{Format: g.log.Format, Path: g.log.Path}
	var types []ir.Type
	value := func(name string) int {
		if name == "" {
			return -1
		}
		g.names, types = append(g.names, name), append(types, g.s.types[name])
		return len(g.names) - 1
	}
	for _, c := range g.log.Columns {
		w.Columns = append(w.Columns, ir.WriteColumn{Name: c.Name, Result: value(c.Value), Present: value(c.Present)})
	}
	var err error
	g.text, err = data.NewRowText(w, types, g.s.data, g.log.Span)
	return err
}

// row is the text of the row of a step.
func (g *logger) row(ctx context.Context, at train.Taken, live []train.Named, first bool) ([]byte, error) {
	s := g.s
	s.enter(g.n.Name+"/", live)
	g.now(at)
	if err := s.within(ctx, g.owner); err != nil {
		return nil, err
	}
	var values []*array.Array
	for _, name := range g.names {
		a, err := s.given(name, g.n)
		if err != nil {
			return nil, err
		}
		row := *a
		row.Shape = append([]int{1}, a.Shape...)
		values = append(values, &row)
	}
	return g.text.Row(values, first)
}

// now enters what is known of the step just taken.
func (g *logger) now(at train.Taken) {
	t := g.n.Body.(*ir.Train)
	for _, o := range t.Now {
		a := g.s.values[o.Name]
		if a == nil {
			a = array.New(o.Type.Kind)
			g.s.values[o.Name] = a
		}
		switch name := o.Name[len(g.n.Name+":now/"):]; name {
		case "step":
			a.I64[0] = at.Step
		case "epoch":
			a.I64[0] = at.Epoch
		case "loss":
			a.SetFloat(0, at.Loss)
		case "measured":
			a.U8[0] = 0
			if at.Measured != nil {
				a.U8[0] = 1
			}
		default:
			for i, m := range t.Metrics {
				if at.Measured != nil && name == "metric."+m.Name {
					a.SetFloat(0, float64(at.Measured.Values[i]))
				}
			}
		}
	}
}
