package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// bytesOf is the size of an element as it is stored.
func bytesOf(k ir.Kind) int {
	switch k {
	case ir.F64, ir.I64, ir.Key:
		return 8
	case ir.F32, ir.I32, ir.Index:
		return 4
	case ir.U16, ir.I16:
		return 2
	}
	return 1
}

// view is where the elements of a value lie: element (i, j, …) is number
// off + i·stride[0] + j·stride[1] + … of a slot.
type view struct {
	slot   int
	kind   ir.Kind
	off    int
	shape  []int
	stride []int
}

// noSlot is the slot of what is only ever in the scratch of a worker.
const noSlot = -1

func (v view) len() int { return product(v.shape) }

func product(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// stridesOf is the strides of a dense tensor, row by row.
func stridesOf(shape []int) []int {
	out := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = n
		n *= shape[i]
	}
	return out
}

// dense reports whether the elements lie one behind the other.
func (v view) dense() bool {
	n := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.stride[i] != n {
			return false
		}
		n *= v.shape[i]
	}
	return true
}

// extent is one more than the number of the last element.
func (v view) extent() int {
	end := v.off + 1
	for i, s := range v.shape {
		if s == 0 {
			return 0
		}
		if v.stride[i] > 0 {
			end += (s - 1) * v.stride[i]
		}
	}
	return end
}

// broadcast is v over more axes: axis i becomes axes[i], the rest repeat.
func (v view) broadcast(shape, axes []int) view {
	stride := make([]int, len(shape))
	for i, a := range axes {
		stride[a] = v.stride[i]
	}
	v.shape, v.stride = shape, stride
	return v
}

// along is v with axes of size 1 come or gone: was numbers the other axes of v,
// now those of the result, in order, -1 standing for the axes of size 1.
func (v view) along(shape, was, now []int) view {
	var steps []int
	for i, n := range was {
		if n >= 0 {
			steps = append(steps, v.stride[i])
		}
	}
	stride := make([]int, len(shape))
	for i, n := range now {
		if n >= 0 {
			stride[i] = steps[n]
		}
	}
	v.shape, v.stride = shape, stride
	return v
}

// once is v with one of what an axis repeats.
func (v view) once() view {
	v.shape = append([]int{}, v.shape...)
	for i, n := range v.shape {
		if n > 1 && v.stride[i] == 0 {
			v.shape[i] = 1
		}
	}
	return v
}

func (v view) permute(perm []int) view {
	shape, stride := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], stride[i] = v.shape[p], v.stride[p]
	}
	v.shape, v.stride = shape, stride
	return v
}

// box is the elements from starts, sizes many, every step-th.
func (v view) box(starts, sizes, steps []int) view {
	stride := make([]int, len(sizes))
	for i := range sizes {
		v.off += starts[i] * v.stride[i]
		stride[i] = v.stride[i] * steps[i]
	}
	v.shape, v.stride = sizes, stride
	return v
}

// reversed runs one axis from the end.
func (v view) reversed(axis int) view {
	v.stride = append([]int{}, v.stride...)
	if v.shape[axis] > 0 {
		v.off += (v.shape[axis] - 1) * v.stride[axis]
	}
	v.stride[axis] = -v.stride[axis]
	return v
}

// collapse joins neighbouring axes that all the stride lists step over as one,
// and drops axes of size 1. The lists are over the axes of shape.
func collapse(shape []int, lists ...[]int) ([]int, [][]int) {
	var out []int
	strides := make([][]int, len(lists))
	for i, n := range shape {
		if n == 1 {
			continue
		}
		last := len(out) - 1
		joined := last >= 0
		for j, l := range lists {
			joined = joined && strides[j][last] == l[i]*n
		}
		if joined {
			out[last] *= n
			for j, l := range lists {
				strides[j][last] = l[i]
			}
			continue
		}
		out = append(out, n)
		for j, l := range lists {
			strides[j] = append(strides[j], l[i])
		}
	}
	return out, strides
}

// frame is the storage of one planned function while it runs: where each slot
// begins. Arena slots are placed when the arena is known, outside ones by
// whoever runs or loops.
type frame struct {
	base  []unsafe.Pointer
	arena unsafe.Pointer
}

// elems is the first n elements of a slot.
func elems[T any](fr *frame, slot, n int) []T {
	return unsafe.Slice((*T)(fr.base[slot]), n)
}

// span is the elements of a slot that a view can reach, from the first of the slot.
func spanOf[T any](fr *frame, v *view, extent int) []T { return elems[T](fr, v.slot, extent) }
