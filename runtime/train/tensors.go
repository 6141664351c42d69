package train

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Named is an array with its name in a file or in the program.
type Named struct {
	Name  string
	Value *array.Array
}

// dtypes are the names that the safetensors format has for kinds. Two kinds
// share the storage of another and are told apart in the file's metadata.
var dtypes = map[ir.Kind]string{
	ir.F32: "F32", ir.F64: "F64", ir.I32: "I32", ir.I64: "I64", ir.U8: "U8", ir.I8: "I8",
	ir.U16: "U16", ir.I16: "I16", ir.Bool: "BOOL", ir.Index: "I32", ir.Key: "I64",
}

var kinds = map[string]ir.Kind{
	"F32": ir.F32, "F64": ir.F64, "I32": ir.I32, "I64": ir.I64, "U8": ir.U8, "I8": ir.I8,
	"U16": ir.U16, "I16": ir.I16, "BOOL": ir.Bool,
}

// width is the number of bytes of an element.
func width(k ir.Kind) int {
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

// entry is a tensor in the header of a safetensors file.
type entry struct {
	Dtype   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// writeTensors writes arrays in the safetensors format: the length of a JSON
// header, the header, the elements in little-endian order, wide kinds first so
// that every tensor is aligned. The order is a function of kinds and names.
func writeTensors(w io.Writer, list []Named) error {
	list = append([]Named{}, list...)
	sort.SliceStable(list, func(i, j int) bool {
		a, b := width(list[i].Value.Kind), width(list[j].Value.Kind)
		if a != b {
			return a > b
		}
		return list[i].Name < list[j].Name
	})
	head, err := tensorHeader(list)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	buf := make([]byte, 0, 1<<16)
	for _, t := range list {
		if err := writeElements(w, t.Value, buf); err != nil {
			return err
		}
	}
	return nil
}

func tensorHeader(list []Named) ([]byte, error) {
	head := map[string]any{}
	meta := map[string]string{}
	at := 0
	for _, t := range list {
		a := t.Value
		if a.Kind == ir.Index || a.Kind == ir.Key {
			meta["kind of "+t.Name] = a.Kind.String()
		}
		end := at + a.Len()*width(a.Kind)
		head[t.Name] = entry{dtypes[a.Kind], append([]int{}, a.Shape...), [2]int{at, end}}
		at = end
	}
	if len(meta) > 0 {
		head["__metadata__"] = meta
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// writeElements writes all elements through buf, which is empty and reused.
func writeElements(w io.Writer, a *array.Array, buf []byte) error {
	n := a.Len()
	for i := 0; i < n; {
		end := min(n, i+cap(buf)/8)
		buf = appendElements(buf[:0], a, i, end)
		if _, err := w.Write(buf); err != nil {
			return err
		}
		i = end
	}
	return nil
}

func appendElements(buf []byte, a *array.Array, from, to int) []byte {
	le := binary.LittleEndian
	switch a.Kind {
	case ir.F32:
		for _, x := range a.F32[from:to] {
			buf = le.AppendUint32(buf, math.Float32bits(x))
		}
	case ir.F64:
		for _, x := range a.F64[from:to] {
			buf = le.AppendUint64(buf, math.Float64bits(x))
		}
	case ir.I32, ir.Index:
		for _, x := range a.I32[from:to] {
			buf = le.AppendUint32(buf, uint32(x))
		}
	case ir.I64, ir.Key:
		for _, x := range a.I64[from:to] {
			buf = le.AppendUint64(buf, uint64(x))
		}
	case ir.U16:
		for _, x := range a.U16[from:to] {
			buf = le.AppendUint16(buf, x)
		}
	case ir.I16:
		for _, x := range a.I16[from:to] {
			buf = le.AppendUint16(buf, uint16(x))
		}
	case ir.U8, ir.Bool:
		buf = append(buf, a.U8[from:to]...)
	case ir.I8:
		for _, x := range a.I8[from:to] {
			buf = append(buf, byte(x))
		}
	}
	return buf
}

// readTensors reads a whole safetensors file, ordered by name. The bytes have
// passed their checksum, but may come from another writer.
func readTensors(file []byte) ([]Named, error) {
	head, meta, body, err := splitTensors(file)
	if err != nil {
		return nil, err
	}
	var out []Named
	for name, e := range head {
		k, ok := kinds[e.Dtype]
		if !ok {
			return nil, fmt.Errorf("tensor %s has the unknown kind %s", name, e.Dtype)
		}
		switch meta["kind of "+name] {
		case "index":
			k = ir.Index
		case "key":
			k = ir.Key
		}
		n := 1
		for _, s := range e.Shape {
			if s < 0 || (s > 0 && n > len(body)/s) {
				return nil, fmt.Errorf("tensor %s has an impossible shape %v", name, e.Shape)
			}
			n *= s
		}
		from, to := e.Offsets[0], e.Offsets[1]
		if from < 0 || to < from || to > len(body) || to-from != n*width(k) {
			return nil, fmt.Errorf("tensor %s does not fit its shape %v", name, e.Shape)
		}
		a := array.New(k, e.Shape...)
		readElements(a, body[from:to])
		out = append(out, Named{name, a})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func splitTensors(file []byte) (head map[string]entry, meta map[string]string, body []byte, err error) {
	if len(file) < 8 {
		return nil, nil, nil, fmt.Errorf("the file is too short")
	}
	n := binary.LittleEndian.Uint64(file)
	if n > uint64(len(file)-8) {
		return nil, nil, nil, fmt.Errorf("the header is longer than the file")
	}
	var raw map[string]json.RawMessage
	text := bytes.TrimRight(file[8:8+n], " ")
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, nil, nil, fmt.Errorf("the header cannot be read: %w", err)
	}
	if m, ok := raw["__metadata__"]; ok {
		if err := json.Unmarshal(m, &meta); err != nil {
			return nil, nil, nil, fmt.Errorf("the metadata cannot be read: %w", err)
		}
		delete(raw, "__metadata__")
	}
	head = make(map[string]entry, len(raw))
	for name, m := range raw {
		var e entry
		if err := json.Unmarshal(m, &e); err != nil {
			return nil, nil, nil, fmt.Errorf("the entry of %s cannot be read: %w", name, err)
		}
		head[name] = e
	}
	return head, meta, file[8+n:], nil
}

func readElements(a *array.Array, b []byte) {
	le := binary.LittleEndian
	switch a.Kind {
	case ir.F32:
		for i := range a.F32 {
			a.F32[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case ir.F64:
		for i := range a.F64 {
			a.F64[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
	case ir.I32, ir.Index:
		for i := range a.I32 {
			a.I32[i] = int32(le.Uint32(b[4*i:]))
		}
	case ir.I64, ir.Key:
		for i := range a.I64 {
			a.I64[i] = int64(le.Uint64(b[8*i:]))
		}
	case ir.U16:
		for i := range a.U16 {
			a.U16[i] = le.Uint16(b[2*i:])
		}
	case ir.I16:
		for i := range a.I16 {
			a.I16[i] = int16(le.Uint16(b[2*i:]))
		}
	case ir.U8, ir.Bool:
		copy(a.U8, b)
	case ir.I8:
		for i := range a.I8 {
			a.I8[i] = int8(b[i])
		}
	}
}
