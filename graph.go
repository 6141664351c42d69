package dfc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strings"

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

// outputsOf are the names and types of the tensors that a node yields. Those
// of a training are its parameters and states, before it and after it.
func outputsOf(n *ir.Node) []ir.Output {
	switch b := n.Body.(type) {
	case *ir.Reduce:
		return b.Outputs
	case *ir.Read:
		return b.Outputs
	case *ir.Compute:
		return b.Outputs
	case *ir.Train:
		var out []ir.Output
		for _, p := range append(slices.Clone(b.Params), b.States...) {
			out = append(out, ir.Output{Name: n.Name + "/" + p.Path, Type: p.Type},
				ir.Output{Name: n.Name + ":init/" + p.Path, Type: p.Type})
		}
		return out
	}
	return nil
}

// everyOf is the training that a node belongs to as part of a metric.
func everyOf(n *ir.Node) string {
	switch b := n.Body.(type) {
	case *ir.Reduce:
		return b.Every
	case *ir.Compute:
		return b.Every
	}
	return ""
}

// functionsOf are the names of the functions that a node calls, and tableOf
// the table that it goes through.
func functionsOf(n *ir.Node) []string {
	var out []string
	add := func(names ...string) {
		for _, f := range names {
			if f != "" {
				out = append(out, f)
			}
		}
	}
	switch b := n.Body.(type) {
	case *ir.Derive:
		add(b.Fn)
	case *ir.Reduce:
		add(b.Fn)
	case *ir.Compute:
		add(b.Fn)
	case *ir.Write:
		add(b.Fn)
	case *ir.Test:
		add(b.Fn)
	case *ir.Train:
		add(b.Loss, b.Penalty, b.Gradient, b.StepFn, b.InitFn)
		for _, p := range append(slices.Clone(b.Params), b.States...) {
			add(p.Init, p.Update)
			for _, s := range p.Slots {
				add(s.Init)
			}
		}
	}
	return out
}

func tableOf(n *ir.Node) string {
	switch b := n.Body.(type) {
	case *ir.Derive:
		return b.Of
	case *ir.Reduce:
		return b.Table
	case *ir.Train:
		return b.Table
	case *ir.Write:
		return b.Table
	}
	return ""
}

// treeValues adds the names of the outputs that a structured value mentions.
func treeValues(t *ir.Tree, add func(string)) {
	if t == nil {
		return
	}
	if t.Value != "" {
		add(t.Value)
	}
	for i := range t.Items {
		treeValues(&t.Items[i], add)
	}
}

// web knows which node yields what, and what nodes need.
type web struct {
	m     *ir.Module
	owner map[string]*ir.Node // by output
}

func newWeb(m *ir.Module) *web {
	w := &web{m: m, owner: map[string]*ir.Node{}}
	for _, n := range m.Nodes {
		for _, o := range outputsOf(n) {
			w.owner[o.Name] = n
		}
	}
	return w
}

// needs are the nodes that a node reads from: tables, and the nodes behind
// the values and whole columns that its functions ask for.
func (w *web) needs(n *ir.Node) []*ir.Node {
	var out []*ir.Node
	add := func(o *ir.Node) {
		if o != nil && o != n && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	value := func(name string) { add(w.owner[name]) }
	if t := tableOf(n); t != "" {
		add(w.m.Node(t))
	}
	for _, name := range functionsOf(n) {
		f := w.m.Func(name)
		if f == nil {
			continue
		}
		for _, in := range f.Inputs {
			switch in.Role {
			case ir.Given:
				value(in.Bind)
			case ir.Column:
				table, _, _ := strings.Cut(in.Bind, ".")
				add(w.m.Node(table))
			}
		}
	}
	switch b := n.Body.(type) {
	case *ir.Write:
		value(b.Cond)
		treeValues(b.Value, value)
	case *ir.Print:
		for i := range b.Parts {
			treeValues(&b.Parts[i], value)
		}
	}
	return out
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

// stepHash tells whether a state was saved by a training that computes the
// same: its functions, parameters and batches, and whatever computes the
// values and tables that it reads. Steps, epochs, metrics, stop and keep may
// change between a run and its continuation, and so may where files lie.
func stepHash(m *ir.Module, n *ir.Node) string {
	h := &hasher{w: newWeb(m), out: sha256.New(), nodes: map[*ir.Node]bool{}, funcs: map[string]bool{}}
	h.node(n)
	return hex.EncodeToString(h.out.Sum(nil))
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
	for _, f := range functionsOf(n) {
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
