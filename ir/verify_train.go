package ir

import "strings"

// use says where a node uses a function, which is what its inputs are resolved in.
type use struct {
	table string // rows at hand, "" for none
	train string // training whose current values it sees, "" for none but those before
	self  *Train // the training that the node is
	plain bool   // the node feeds Plain parameters
}

// fn finds a function that the node names and checks its inputs.
func (g *graph) fn(name string, u use) *Func {
	f := g.v.m.Func(name)
	if f == nil {
		g.fault("there is no function %s", fnName(name))
		return nil
	}
	for i, in := range f.Inputs {
		if why := g.input(in, f.Params()[i].Type, u); why != "" {
			g.fault("parameter %s of %s: %s", f.Params()[i], fnName(name), why)
		}
	}
	return f
}

// input says why a parameter is not fed, "" where it is.
func (g *graph) input(in Input, t Type, u use) string {
	switch in.Role {
	case Plain:
		if !u.plain {
			return "nothing feeds it"
		}
	case Col:
		if u.table == "" {
			return "there is no row at hand"
		}
		if !g.path(u.table, in.Bind) {
			return u.table + " has no column " + in.Bind
		}
	case Column:
		if !g.column(in.Bind) {
			return "there is no column " + in.Bind
		}
	case Given:
		return g.given(in.Bind, t, u)
	case Weight, State:
		if !g.weight(in, u) {
			return "no training has a " + in.Role.String() + " " + in.Bind
		}
	}
	return ""
}

// column resolves "Table.path"; the name of a table may hold dots.
func (g *graph) column(bind string) bool {
	for i := range bind {
		if bind[i] == '.' && g.defined[bind[:i]] != nil && g.path(bind[:i], bind[i+1:]) {
			return true
		}
	}
	return false
}

func (g *graph) given(name string, t Type, u use) string {
	have, ok := g.outputs[name]
	if !ok && u.train != "" {
		have, ok = g.trained(u.train, name)
	}
	switch {
	case !ok:
		return "there is no output " + name + " before the node"
	case !have.Equal(t):
		return "it is " + t.String() + " but the output " + name + " is " + have.String()
	}
	return ""
}

// trained finds "TRAIN/PATH" among the parameters of the training a node
// belongs to, wherever that stands.
func (g *graph) trained(train, name string) (Type, bool) {
	by, ok := g.yields[train]
	if !ok {
		by = map[string]Type{}
		if n := g.v.m.Node(train); n != nil && n.Body.Kind() == "train" {
			for _, o := range OutputsOf(n) {
				by[o.Name] = o.Type
			}
		}
		g.yields[train] = by
	}
	t, ok := by[name]
	return t, ok
}

// weight resolves a path on disk among the trainings the node can see.
func (g *graph) weight(in Input, u use) bool {
	seen := []*Train{}
	if u.self != nil {
		seen = append(seen, u.self)
	}
	if n := g.v.m.Node(u.train); n != nil {
		if b, ok := n.Body.(*Train); ok {
			seen = append(seen, b)
		}
	}
	for _, b := range g.trains {
		seen = append(seen, b)
	}
	for _, b := range seen {
		list := b.Params
		if in.Role == State {
			list = b.States
		}
		for _, p := range list {
			if p.Path == in.Bind || strings.HasSuffix(in.Bind, "/"+p.Path) {
				return true
			}
		}
	}
	return false
}

// train checks a training: before the pass `step` the functions it is made
// from, after it those that were made.
func (g *graph) train(b *Train) {
	if b.Table != "" && g.table(b.Table) && g.v.m.Symbol(b.Symbol) == nil {
		g.fault("the dimension %q of its batches is not declared", b.Symbol)
	}
	row, whole := use{table: b.Table, self: b}, use{table: b.Table, self: b, plain: true}
	if b.StepFn != "" {
		g.fn(b.StepFn, whole)
	} else {
		g.loss(b, row, whole)
	}
	if b.InitFn != "" {
		g.fn(b.InitFn, use{self: b})
	} else {
		g.inits(b)
	}
	g.trains[g.n.Name] = b
	g.define(OutputsOf(g.n))
}

func (g *graph) loss(b *Train, row, whole use) {
	if f := g.fn(b.Loss, row); f != nil {
		rs := f.Results()
		switch {
		case len(rs) != 1+len(b.States):
			g.fault("%s has %s for a loss and %s", fnName(b.Loss), counted(len(rs), "result"), counted(len(b.States), "state"))
		case !rs[0].Type.IsFloat() || rs[0].Type.Rank() > 0:
			g.fault("the loss is %s", rs[0].Type)
		}
	}
	if b.Penalty != "" {
		g.fn(b.Penalty, use{self: b})
	}
	if b.Gradient != "" {
		g.fn(b.Gradient, whole)
	}
	for _, p := range b.Params {
		f := g.fn(p.Update, use{self: b, plain: true})
		if f != nil && len(f.Results()) != 1+len(p.Slots) {
			g.fault("%s has %s for %s and %s", fnName(p.Update), counted(len(f.Results()), "result"), p.Path, counted(len(p.Slots), "slot"))
		}
	}
}

func (g *graph) inits(b *Train) {
	for _, p := range append(append([]TrainParam{}, b.Params...), b.States...) {
		if f := g.fn(p.Init, use{}); f != nil {
			g.match(f, f.Results(), []Output{{p.Path, p.Type}})
		}
		for _, s := range p.Slots {
			if f := g.fn(s.Init, use{plain: true}); f != nil {
				g.match(f, f.Results(), []Output{{p.Path + " " + s.Name, s.Type}})
			}
		}
	}
}

// metrics checks what a training says of its metrics and logs, whose nodes may
// stand anywhere.
func (g *graph) metrics(b *Train) {
	names := map[string]bool{"": true, "last": true}
	for _, m := range b.Metrics {
		names[m.Name] = true
		g.output(m.Output)
	}
	for _, l := range b.Logs {
		for _, c := range l.Columns {
			g.output(c.Value)
			if c.Present != "" {
				g.output(c.Present)
			}
		}
		if l.Steps < 1 || l.Format != "csv" && l.Format != "jsonl" {
			g.fault("the log %s is a %s each %d steps", l.Path, l.Format, l.Steps)
		}
	}
	if !names[b.Keep] {
		g.fault("there is no metric %s to keep the best of", b.Keep)
	}
	if b.Stop != nil && (b.Stop.Metric == "last" || b.Stop.Metric == "" || !names[b.Stop.Metric]) {
		g.fault("there is no metric %q to stop by", b.Stop.Metric)
	}
}
