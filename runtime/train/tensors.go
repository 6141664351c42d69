package train

import (
	"io"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// Named is an array with its name in a file or in the program.
type Named struct {
	Name  string
	Value *array.Array
}

// Two kinds share the storage of another; the metadata of a file, under
// "kind of NAME", tells them apart.
const kindOf = "kind of "

// writeTensors writes arrays as a safetensors file.
func writeTensors(w io.Writer, list []Named) error {
	named, meta := map[string]*array.Array{}, map[string]string{}
	for _, t := range list {
		named[t.Name] = t.Value
		if k := t.Value.Kind; k == ir.Index || k == ir.Key {
			meta[kindOf+t.Name] = k.String()
		}
	}
	return data.WriteSafetensors(w, named, meta)
}

// readTensors reads what writeTensors has written, ordered by name.
func readTensors(file []byte) ([]Named, error) {
	f, err := data.ParseSafetensors("", file)
	if err != nil {
		return nil, err
	}
	out := []Named{}
	for _, name := range f.Names() {
		a, err := f.Tensor(name)
		if err != nil {
			return nil, err
		}
		if k := ir.KindOf(f.Meta()[kindOf+name]); k == ir.Index || k == ir.Key {
			a.Kind = k
		}
		out = append(out, Named{name, a})
	}
	return out, nil
}
