package data

import (
	"math/bits"

	"github.com/dfc-lang/dfc/ir"
)

// Note: the shuffle. The order of an epoch is a function of (seed, epoch,
// number of rows, bytes of a row) and of nothing else; it is part of the
// format of a saved state, and the same for rows in memory and on disk.
// The chunks of ChunkRows rows are permuted; consecutive ones form groups of
// up to 2^20 rows, fewer where rows are wide, so that a group holds at most
// 256 MB; the rows of each group are permuted. Up to one group this is a
// uniform permutation. Permutations are Fisher and Yates' with draws
// Mix(key, i); the keys are k = Mix(Mix(seed, epoch), stream), stream 1 for
// the chunks and 2 for the groups, whose own key is Mix(k, group).

const (
	groupRows  = 1 << 20
	groupBytes = 256 << 20
)

// Order is the order of the rows of one epoch.
type Order struct {
	rows    int64
	shuffle bool
	seed    int64
	epoch   int64
	span    int64   // chunks in a group
	chunks  []int32 // permuted; nil in file order
	starts  []int64 // position of the first row of each group, and the end
	perm    []int32
}

// NewOrder is the shuffled order of an epoch.
func NewOrder(seed, epoch, rows, bytesPerRow int64) *Order {
	o := &Order{rows: rows, shuffle: true, seed: seed, span: groupChunks(bytesPerRow)}
	o.Reset(epoch)
	return o
}

// FileOrder is the order in which rows stand.
func FileOrder(rows int64) *Order {
	o := &Order{rows: rows, span: 1}
	o.Reset(0)
	return o
}

// groupChunks is how many chunks of rows of that size form a group.
func groupChunks(bytesPerRow int64) int64 {
	n := int64(groupRows / ChunkRows)
	if bytesPerRow > 0 {
		n = min(n, groupBytes/(bytesPerRow*ChunkRows))
	}
	return max(n, 1)
}

// Reset makes o the order of another epoch, reusing its memory.
func (o *Order) Reset(epoch int64) {
	o.epoch = epoch
	n := (o.rows + ChunkRows - 1) / ChunkRows
	if o.shuffle {
		o.chunks = grow(o.chunks, int(n))
		permute(o.chunks, o.key(1))
	}
	o.starts = append(o.starts[:0], 0)
	at := int64(0)
	for c := int64(0); c < n; c++ {
		at += o.chunkRows(o.chunk(c))
		if (c+1)%o.span == 0 || c == n-1 {
			o.starts = append(o.starts, at)
		}
	}
}

func (o *Order) key(stream uint64) uint64 {
	return ir.Mix(ir.Mix(uint64(o.seed), uint64(o.epoch)), stream)
}

// chunk is the number of the chunk at place c.
func (o *Order) chunk(c int64) int64 {
	if o.chunks == nil {
		return c
	}
	return int64(o.chunks[c])
}

func (o *Order) chunkRows(chunk int64) int64 { return min(ChunkRows, o.rows-chunk*ChunkRows) }

// Groups is the number of groups.
func (o *Order) Groups() int { return len(o.starts) - 1 }

// find is the group that holds the row at a place, and where in it.
func (o *Order) find(place int64) (group int, in int64) {
	lo, hi := 0, o.Groups()
	for lo+1 < hi {
		mid := (lo + hi) / 2
		if o.starts[mid] <= place {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, place - o.starts[lo]
}

// members are the places of the chunks of a group.
func (o *Order) members(group int) (from, to int64) {
	from = int64(group) * o.span
	return from, min(from+o.span, (o.rows+ChunkRows-1)/ChunkRows)
}

// inside is the permutation of the rows of a group, counted through its
// chunks in their order; nil in file order.
func (o *Order) inside(group int) []int32 {
	if !o.shuffle {
		return nil
	}
	o.perm = grow(o.perm, int(o.starts[group+1]-o.starts[group]))
	permute(o.perm, ir.Mix(o.key(2), uint64(group)))
	return o.perm
}

// Positions is the whole order: the positions, from 0, of the rows of the
// table or subset. It is for tests and small tables.
func (o *Order) Positions() []int64 {
	out := make([]int64, 0, o.rows)
	var group []int64
	for g := range o.Groups() {
		group = group[:0]
		from, to := o.members(g)
		for c := from; c < to; c++ {
			first := o.chunk(c) * ChunkRows
			for i := range o.chunkRows(o.chunk(c)) {
				group = append(group, first+i)
			}
		}
		perm := o.inside(g)
		if perm == nil {
			out = append(out, group...)
			continue
		}
		for _, j := range perm {
			out = append(out, group[j])
		}
	}
	return out
}

// permute fills p with a permutation of 0..len(p).
func permute(p []int32, key uint64) {
	for i := range p {
		p[i] = int32(i)
	}
	for i := len(p) - 1; i > 0; i-- {
		j := below(ir.Mix(key, uint64(i)), uint64(i+1))
		p[i], p[j] = p[j], p[i]
	}
}

// below maps 64 random bits to 0..n; the bias is under n/2^64.
func below(r, n uint64) uint64 {
	hi, _ := bits.Mul64(r, n)
	return hi
}
