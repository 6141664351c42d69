package dfc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// cloneModule copies a module so that passes can change the copy. Files,
// symbols' spans and attributes are shared: nothing changes them.
func cloneModule(m *ir.Module) *ir.Module {
	c := &ir.Module{Name: m.Name, Numerics: m.Numerics, Files: m.Files}
	for _, s := range m.Symbols {
		t := *s
		c.Symbols = append(c.Symbols, &t)
	}
	for _, f := range m.Funcs {
		c.Add(ir.Clone(f, f.Name))
	}
	for _, n := range m.Nodes {
		c.Nodes = append(c.Nodes, &ir.Node{Name: n.Name, Span: n.Span, Body: cloneBody(n.Body)})
	}
	return c
}

// cloneBody copies as much of a node as passes fill in.
func cloneBody(b ir.NodeBody) ir.NodeBody {
	switch b := b.(type) {
	case *ir.Train:
		t := *b
		t.Params, t.States = slices.Clone(b.Params), slices.Clone(b.States)
		for i := range t.Params {
			t.Params[i].Slots = slices.Clone(t.Params[i].Slots)
		}
		return &t
	case *ir.Derive:
		t := *b
		return &t
	case *ir.Reduce:
		t := *b
		return &t
	case *ir.Compute:
		t := *b
		return &t
	case *ir.Write:
		t := *b
		return &t
	case *ir.Test:
		t := *b
		return &t
	case *ir.SourceTable:
		t := *b
		return &t
	}
	return b // categories, reads and prints have nothing that passes fill in
}

// everyOf is the training whose metrics a node belongs to, or the log of one.
func everyOf(n *ir.Node) string {
	switch b := n.Body.(type) {
	case *ir.Reduce:
		return b.Every
	case *ir.Compute:
		return b.Every
	}
	return ""
}

// web knows which node yields what, and what nodes need.
type web struct {
	m     *ir.Module
	owner map[string]*ir.Node // by output
}

func newWeb(m *ir.Module) *web {
	w := &web{m: m, owner: map[string]*ir.Node{}}
	for _, n := range m.Nodes {
		for _, o := range ir.OutputsOf(n) {
			w.owner[o.Name] = n
		}
	}
	return w
}

// needs are the nodes that a node reads from. The metrics and logs of a
// training read from it, not it from them, and its parameters are its own.
func (w *web) needs(n *ir.Node) []*ir.Node {
	without := map[string]bool{}
	if t, ok := n.Body.(*ir.Train); ok {
		for _, m := range t.Metrics {
			without[m.Output] = !w.gives(n, m.Output)
		}
		for _, l := range t.Logs {
			for _, c := range l.Columns {
				without[c.Value], without[c.Present] = !w.gives(n, c.Value), !w.gives(n, c.Present)
			}
		}
		for _, o := range w.m.Nodes {
			if _, ok := o.Body.(*ir.Train); ok {
				for _, x := range ir.OutputsOf(o) {
					without[x.Name] = !w.gives(n, x.Name)
				}
			}
		}
	}
	var out []*ir.Node
	for _, name := range w.m.Reads(n) {
		o := w.owner[name]
		if o == nil {
			o = w.m.Node(name)
		}
		if o != nil && o != n && !without[name] && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// gives reports whether a function of a node asks for a value by its name.
func (w *web) gives(n *ir.Node, name string) bool {
	for _, fn := range ir.FuncsOf(n) {
		if f := w.m.Func(fn); f != nil && slices.Contains(f.Inputs, ir.Input{Role: ir.Given, Bind: name}) {
			return true
		}
	}
	return false
}

// trained says which nodes depend on a training, or belong to one.
func (w *web) trained() map[*ir.Node]bool {
	out := map[*ir.Node]bool{}
	for _, n := range w.m.Nodes {
		_, is := n.Body.(*ir.Train)
		out[n] = is || everyOf(n) != ""
		for _, o := range w.needs(n) {
			out[n] = out[n] || out[o]
		}
	}
	return out
}

// trainHashes are those of the trainings of a module, by name.
func trainHashes(m *ir.Module) map[string]string {
	out, w := map[string]string{}, newWeb(m)
	for _, n := range m.Nodes {
		if _, ok := n.Body.(*ir.Train); ok {
			out[n.Name] = w.hash(n)
		}
	}
	return out
}

// hash tells whether a state was saved by a node that computes the same: its
// functions, parameters and batches, and whatever computes the values and
// tables that it reads. Steps, epochs, metrics, logs, stop and keep may change
// between a run and its continuation, and so may where files lie.
func (w *web) hash(n *ir.Node) string {
	h := &hasher{w: w, out: sha256.New(), nodes: map[*ir.Node]bool{}, funcs: map[string]bool{}}
	h.node(n)
	return hex.EncodeToString(h.out.Sum(nil))
}

// origins are the hashes of what computes the values of a program outside
// trainings, by the names of these.
func (p *Program) origins() map[string]string {
	out, w := map[string]string{}, newWeb(p.lowered)
	for _, n := range p.lowered.Nodes {
		if _, is := n.Body.(*ir.Train); is || everyOf(n) != "" {
			continue
		}
		hash := ""
		for _, o := range ir.OutputsOf(n) {
			if hash == "" {
				hash = w.hash(n)
			}
			out[o.Name] = hash
		}
	}
	return out
}

type hasher struct {
	w     *web
	out   hash.Hash
	nodes map[*ir.Node]bool
	funcs map[string]bool
}

func (h *hasher) node(n *ir.Node) {
	if h.nodes[n] {
		return
	}
	h.nodes[n] = true
	text, err := json.Marshal(lasting(n.Body))
	if err != nil {
		panic(fmt.Sprintf("node %s has no text: %v", n.Name, err))
	}
	fmt.Fprintf(h.out, "node %s %s %s\n", n.Name, n.Body.Kind(), text)
	for _, f := range ir.FuncsOf(n) {
		h.function(f)
	}
	for _, o := range h.w.needs(n) {
		h.node(o)
	}
}

func (h *hasher) function(name string) {
	f := h.w.m.Func(name)
	if f == nil || h.funcs[name] {
		return
	}
	h.funcs[name] = true
	fmt.Fprintf(h.out, "func %s %v %s\n", name, f.Inputs, ir.RegionKey(f.Body))
	ir.Walk(f.Body, func(op *ir.Op) {
		if a, ok := op.Attrs.(ir.CallAttrs); ok {
			h.function(a.Fn)
		}
	})
}

// lasting is a node without what may change.
func lasting(b ir.NodeBody) ir.NodeBody {
	bare := func(r ir.Reader) ir.Reader {
		paths := make([]ir.NamedText, len(r.Paths))
		for i, p := range r.Paths {
			paths[i].Name = p.Name
		}
		r.Paths = paths
		return r
	}
	switch b := b.(type) {
	case *ir.Train:
		t := *b
		t.Steps, t.Epochs, t.Metrics, t.Stop, t.Keep, t.KeepMax = 0, 0, nil, nil, "", false
		t.History, t.Logs, t.Now = nil, nil, nil
		t.SaveMillis, t.SaveSteps = 0, 0
		t.StepFn, t.InitFn = "", ""
		return &t
	case *ir.SourceTable:
		t := *b
		t.Reader = bare(b.Reader)
		return &t
	case *ir.Read:
		t := *b
		t.Reader = bare(b.Reader)
		return &t
	case *ir.Category:
		t := *b
		t.Uses = nil // other tables may come to use it; its values stand in the state
		if b.FromFile != nil {
			r := bare(*b.FromFile)
			t.FromFile = &r
		}
		return &t
	}
	return b
}
