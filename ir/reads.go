package ir

// FuncsOf lists the functions that a node names, in order, each once.
func FuncsOf(n *Node) []string {
	var out []string
	seen := map[string]bool{"": true}
	add := func(names ...string) {
		for _, s := range names {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	switch b := n.Body.(type) {
	case *Derive:
		add(b.Fn)
	case *Reduce:
		add(b.Fn)
	case *Compute:
		add(b.Fn)
	case *Write:
		add(b.Fn)
	case *Test:
		add(b.Fn)
	case *Train:
		add(b.Loss, b.Penalty, b.Gradient, b.StepFn, b.InitFn)
		for _, p := range append(append([]TrainParam{}, b.Params...), b.States...) {
			add(p.Init, p.Update)
			for _, s := range p.Slots {
				add(s.Init)
			}
		}
	}
	return out
}

// TableOf is the table whose rows a node works on, "" where there is none.
func TableOf(n *Node) string {
	switch b := n.Body.(type) {
	case *Derive:
		return b.Of
	case *Reduce:
		return b.Table
	case *Train:
		return b.Table
	case *Write:
		return b.Table
	}
	return ""
}

// Reads lists what a node needs of others: tables and categories by name,
// outputs by name, in a fixed order, each once.
func (m *Module) Reads(n *Node) []string {
	var out []string
	seen := map[string]bool{"": true}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	add(TableOf(n))
	for _, name := range FuncsOf(n) {
		if f := m.Func(name); f != nil {
			for _, in := range f.Inputs {
				m.readsInput(in, add)
			}
		}
	}
	readsBody(n, add)
	return out
}

func (m *Module) readsInput(in Input, add func(string)) {
	switch in.Role {
	case Given:
		add(in.Bind)
	case Column:
		for i := range in.Bind {
			if in.Bind[i] == '.' && m.Node(in.Bind[:i]) != nil {
				add(in.Bind[:i])
			}
		}
	case Weight, State:
		for _, n := range m.Nodes {
			b, ok := n.Body.(*Train)
			if !ok {
				continue
			}
			for _, p := range append(append([]TrainParam{}, b.Params...), b.States...) {
				if p.Path == in.Bind || in.Bind == n.Name+"/"+p.Path {
					add(n.Name + "/" + p.Path)
				}
			}
		}
	}
}

func readsBody(n *Node, add func(string)) {
	var tree func(t Tree)
	tree = func(t Tree) {
		add(t.Value)
		add(t.Present)
		for _, i := range t.Inner() {
			tree(i)
		}
	}
	switch b := n.Body.(type) {
	case *SourceTable:
		for _, f := range b.Fields {
			add(f.Category)
			add(f.Table)
		}
	case *Train:
		for _, m := range b.Metrics {
			add(m.Output)
		}
		for _, l := range b.Logs {
			for _, c := range l.Columns {
				add(c.Value)
				add(c.Present)
			}
		}
	case *Write:
		add(b.Cond)
		if b.Value != nil {
			tree(*b.Value)
		}
	case *Print:
		for _, t := range b.Parts {
			tree(t)
		}
	}
}

// OutputsOf lists the tensors that a node yields; those of a training are its
// parameters and states, "TRAIN/PATH", their first values, "TRAIN:init/PATH",
// its course as far as it is asked for, "TRAIN:history/NAME", and what logs ask
// of the step just taken, "TRAIN:now/NAME".
func OutputsOf(n *Node) []Output {
	switch b := n.Body.(type) {
	case *Reduce:
		return b.Outputs
	case *Read:
		return b.Outputs
	case *Compute:
		return b.Outputs
	case *Train:
		var out []Output
		for _, p := range append(append([]TrainParam{}, b.Params...), b.States...) {
			out = append(out, Output{n.Name + "/" + p.Path, p.Type}, Output{n.Name + ":init/" + p.Path, p.Type})
		}
		return append(append(out, b.History...), b.Now...)
	}
	return nil
}
