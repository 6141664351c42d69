package passes

import (
	"math/rand/v2"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// TestLeastCut compares the least cut of small graphs with the least of all cuts,
// and sees that it is the one next to the sink.
func TestLeastCut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		g := newNetwork()
		n := 2 + r.IntN(6)
		g.nodes(n)
		type edge struct {
			from, to int
			c        int64
		}
		var edges []edge
		for range 1 + r.IntN(20) {
			e := edge{r.IntN(n + 2), r.IntN(n + 2), int64(r.IntN(5))}
			edges = append(edges, e)
			g.edge(e.from, e.to, e.c)
		}
		cost := func(sinks int) (c int64) { // sinks: a bit for each node on the side of the sink
			for _, e := range edges {
				if sinks>>e.from&1 == 0 && sinks>>e.to&1 == 1 {
					c += e.c
				}
			}
			return c
		}
		least, all := int64(1<<40), -1 // all: what every least cut has on the side of the sink
		for sinks := range 1 << (n + 2) {
			if sinks>>flowSource&1 == 1 || sinks>>flowSink&1 == 0 {
				continue
			}
			switch c := cost(sinks); {
			case c < least:
				least, all = c, sinks
			case c == least:
				all &= sinks
			}
		}
		if got := g.run(); got != least {
			t.Fatalf("the least cut of %v costs %d, not %d", edges, least, got)
		}
		for i, before := range g.before() {
			if before == (all>>i&1 == 1) {
				t.Fatalf("node %d of %v is on the side of the source: %v", i, edges, before)
			}
		}
	}
}

// TestRecomputeAgain: what is computed again is not computed once more by a second run.
func TestRecomputeAgain(t *testing.T) {
	m := parse(t, `dim B batch

func @f(%x: f32[B,64], %w: f32[64,64]) -> f32[B,64], f32[64,64] {
  %z = einsum %x, %w {spec "bi,oi->bo"} : f32[B,64]
  %t = tanh %z : f32[B,64]
  %s = mul %t, %t : f32[B,64]
  %u = einsum %t, %w {spec "bi,oi->bo"} : f32[B,64]
  %v = einsum %u, %x {spec "bo,bi->oi"} : f32[64,64]
  %y = mul %u, %s : f32[B,64]
  return %y, %v
}`)
	sizes := ir.Sizes{"B": {Actual: 1 << 16, Capacity: 1 << 16}}
	var texts []string
	for range 3 {
		texts = append(texts, m.String())
		if err := Run(m, []Pass{passNamed(t, "recompute")}, sizes, nil); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0] == texts[1] || texts[1] != texts[2] {
		t.Errorf("before, behind one run and behind two:\n%s\n%s\n%s", texts[0], texts[1], texts[2])
	}
}
