package passes

// network is a graph with capacities, whose least cut between a source and a sink
// is found by the greatest flow (Dinic 1970).
type network struct {
	first []int // by node: its last edge, -1 for none
	next  []int // by edge: the one before it of the same node
	to    []int
	left  []int64 // by edge: what can still flow; edge k^1 leads back along edge k
	level []int   // by node: edges from the source
	at    []int   // by node: the edge that is tried next
}

const (
	flowSource = 0
	flowSink   = 1
	unbounded  = int64(1) << 60
)

func newNetwork() network {
	g := network{}
	g.nodes(2)
	return g
}

// nodes adds n nodes and returns the first.
func (g *network) nodes(n int) int {
	for range n {
		g.first = append(g.first, -1)
	}
	return len(g.first) - n
}

func (g *network) edge(from, to int, capacity int64) {
	g.half(from, to, capacity)
	g.half(to, from, 0)
}

func (g *network) half(from, to int, capacity int64) {
	g.to, g.left, g.next = append(g.to, to), append(g.left, capacity), append(g.next, g.first[from])
	g.first[from] = len(g.to) - 1
}

// run sends as much as flows and returns it: what the least cut costs.
func (g *network) run() (all int64) {
	for g.levels() {
		g.at = append(g.at[:0], g.first...)
		for n := g.send(flowSource, unbounded); n > 0; n = g.send(flowSource, unbounded) {
			all += n
		}
	}
	return all
}

// levels finds how far nodes are from the source, and whether the sink is reached.
func (g *network) levels() bool {
	g.level = make([]int, len(g.first))
	g.level[flowSource] = 1
	for queue := []int{flowSource}; len(queue) > 0; queue = queue[1:] {
		for k := g.first[queue[0]]; k >= 0; k = g.next[k] {
			if g.left[k] > 0 && g.level[g.to[k]] == 0 {
				g.level[g.to[k]] = g.level[queue[0]] + 1
				queue = append(queue, g.to[k])
			}
		}
	}
	return g.level[flowSink] > 0
}

// send sends at most n from a node to the sink along one path.
func (g *network) send(from int, n int64) int64 {
	if from == flowSink {
		return n
	}
	for ; g.at[from] >= 0; g.at[from] = g.next[g.at[from]] {
		k := g.at[from]
		if to := g.to[k]; g.left[k] > 0 && g.level[to] == g.level[from]+1 {
			if sent := g.send(to, min(n, g.left[k])); sent > 0 {
				g.left[k] -= sent
				g.left[k^1] += sent
				return sent
			}
		}
	}
	return 0
}

// before says, behind run, which nodes are on the side of the source of the least
// cut that lies next to the sink.
func (g *network) before() []bool {
	side := make([]bool, len(g.first))
	for i := range side {
		side[i] = true
	}
	side[flowSink] = false
	for queue := []int{flowSink}; len(queue) > 0; queue = queue[1:] {
		for k := g.first[queue[0]]; k >= 0; k = g.next[k] {
			if from := g.to[k]; side[from] && g.left[k^1] > 0 {
				side[from] = false
				queue = append(queue, from)
			}
		}
	}
	return side
}
