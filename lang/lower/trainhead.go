package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// trainHead reads `train NAME of MODEL on TABLE`.
func (c *cx) trainHead(info *trainInfo, n *syntax.Train) bool {
	v, ok := (&typeCx{cx: c}).pathValue(n.Model)
	if !ok {
		var models []string
		for name, d := range c.mod.Decls {
			if _, is := d.Node.(*syntax.Model); is {
				models = append(models, name)
			}
		}
		for _, b := range c.mod.File.Broken {
			if b == n.Model.String() {
				return false // what is wrong with it is reported
			}
		}
		c.errf("E0720", n.Model.Span(), "there is no model `%s`", n.Model).suggest(n.Model.String(), sorted(models))
		return false
	}
	m, ok := v.(*ModelRef)
	if isPoison(v) {
		return false
	}
	if !ok {
		c.errf("E0721", n.Model.Span(), "`%s` is no model but %s", n.Model, c.describe(v))
		return false
	}
	if m.n.HasConfig {
		c.errf("E0718", n.Model.Span(), "`%s` is a layer, with a configuration behind `;`, and cannot be trained alone", m.d.Name).
			note(m.d.At, "declared here").hint("write a `model` that applies it")
		return false
	}
	info.model = m.d
	info.node.Model = m.d.Name
	if n.On == nil {
		return true
	}
	t, ok := c.expr(n.On, nil).(*Tab)
	if !ok || t.T.Category {
		if ok || !c.el.failed {
			c.errf("E0722", n.On.Span(), "a model learns from the rows of a table, and this is none")
		}
		return false
	}
	info.table = t.T
	info.node.Table = t.T.Name
	info.node.Symbol = info.name + ".batch"
	c.m.Symbols = append(c.m.Symbols, &ir.Symbol{Name: info.node.Symbol, Class: ir.Batch, From: "rows of a step of " + info.name, Span: n.Span()})
	return true
}

// trainBlock is the clauses of a training, sorted by word.
type trainBlock struct {
	info    *trainInfo
	one     map[string]*syntax.Clause
	metrics []*syntax.Clause
	logs    []*syntax.Clause
	begun   map[string]bool  // clauses that are there, though wrong
	grads   []*syntax.Clause // clip and gradient, in order
}

var clauseWords = []string{"loss", "penalty", "optimizer", "batch", "order", "last", "steps", "epochs", "metric", "stop", "keep", "clip", "gradient", "private", "log", "save", "emit"}

// clauses sorts the lines of the block and reports those that mean nothing.
func (c *cx) clauses(info *trainInfo) *trainBlock {
	b := &trainBlock{info: info, one: map[string]*syntax.Clause{}, begun: map[string]bool{}}
	for _, cl := range info.n.Clauses {
		w := cl.Word.Name
		known := false
		for _, k := range clauseWords {
			known = known || k == w
		}
		switch {
		case cl.Broken:
			b.begun[w] = true
		case !known:
			b.begun[source.Nearest(w, clauseWords)] = true
			c.errf("E0723", cl.Word.Span(), "there is no clause `%s`", w).suggest(w, clauseWords)
		case w == "private" || w == "emit" || cl.Each != nil:
			c.errf("E0724", cl.Span(), "`%s` is not part of this version", strings.TrimSpace(w+eachText(cl)))
		case w == "metric":
			b.metrics = append(b.metrics, cl)
		case w == "log":
			b.logs = append(b.logs, cl)
		case w == "clip" || w == "gradient":
			b.grads = append(b.grads, cl)
		case b.one[w] != nil:
			c.errf("E0725", cl.Span(), "`%s` stands twice", w).note(b.one[w].Span(), "here already")
		default:
			b.one[w] = cl
		}
		if known && w != "metric" && w != "log" && w != "emit" && cl.Is != nil {
			c.errf("E0726", cl.Is.Span(), "`%s` has no `=`", w)
		}
		if known && w != "optimizer" && cl.Lazy != nil {
			c.errf("E0765", cl.Lazy.Span(), "`%s` has no `lazily`", w).hint("it says how the optimizer moves parameters: `optimizer adam(1e-3) lazily`")
		}
		if known && w != "log" && cl.Every != nil {
			c.errf("E0727", cl.Every.Span(), "`%s` has no `every`", w)
		}
	}
	return b
}

func eachText(cl *syntax.Clause) string {
	if cl.Each != nil {
		return " each"
	}
	return ""
}

// complete reports what a training cannot do without.
func (b *trainBlock) complete(c *cx) bool {
	n := b.info.n
	ok := true
	need := func(word, hint string) {
		if b.one[word] == nil {
			if !b.begun[word] {
				c.errf("E0728", n.Name.Span(), "the training `%s` has no `%s`", n.Name.Name, word).hint("%s", hint)
			}
			ok = false
		}
	}
	if b.info.table != nil {
		need("loss", "what is minimised: `loss r => squared(model(r), r.y)`")
	} else {
		need("loss", "what is minimised: `loss mean(square(model() - seen))`")
	}
	need("optimizer", "`optimizer adam(1e-3)`")
	steps, epochs := b.one["steps"], b.one["epochs"]
	switch {
	case steps == nil && epochs == nil && (b.begun["steps"] || b.begun["epochs"]):
		ok = false
	case steps == nil && epochs == nil:
		c.errf("E0729", n.Name.Span(), "nothing says how long `%s` goes on", n.Name.Name).hint("`epochs 20`, passes over the table, or `steps 1000`")
		ok = false
	case steps != nil && epochs != nil:
		c.errf("E0730", epochs.Span(), "`steps` and `epochs` are both given").note(steps.Span(), "here already").hint("leave one of them away")
		ok = false
	}
	if b.info.table == nil {
		for _, w := range []string{"epochs", "batch", "order", "last"} {
			if cl := b.one[w]; cl != nil {
				c.errf("E0731", cl.Span(), "`%s` is about the rows of a table, and `%s` has none", w, n.Name.Name).hint("`train … on TABLE`, or `steps N`")
				ok = false
			}
		}
	} else if b.one["batch"] == nil {
		b.info.node.Batch = 32
	}
	return ok
}
