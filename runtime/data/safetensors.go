package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

var safeKinds = map[string]rawKind{
	"F64": plainKind(ir.F64), "F32": plainKind(ir.F32), "I64": plainKind(ir.I64), "I32": plainKind(ir.I32), "I16": plainKind(ir.I16),
	"I8": plainKind(ir.I8), "U8": plainKind(ir.U8), "U16": plainKind(ir.U16), "BOOL": plainKind(ir.Bool),
	"U32": rawU32, "U64": rawU64, "F16": rawF16, "BF16": rawBF16,
}

var safeNames = map[ir.Kind]string{ir.F64: "F64", ir.F32: "F32", ir.I64: "I64", ir.Key: "I64", ir.I32: "I32", ir.Index: "I32",
	ir.I16: "I16", ir.I8: "I8", ir.U8: "U8", ir.U16: "U16", ir.Bool: "BOOL"}

type safeEntry struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Safetensors is an opened file of named tensors.
type Safetensors struct {
	path    string
	entries map[string]safeEntry
	meta    map[string]string
	data    []byte
}

func safeFault(path, format string, args ...any) error {
	return source.Dataf("D0125", source.Place{File: path}, format, args...)
}

// ParseSafetensors reads the header of a file whose bytes are b. It takes no
// memory by what the header claims.
func ParseSafetensors(path string, b []byte) (*Safetensors, error) {
	if len(b) < 8 {
		return nil, safeFault(path, "`%s` is too short for a safetensors file", path)
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) {
		return nil, safeFault(path, "the header of `%s` claims more bytes than the file has", path)
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(b[8:8+n], &raw); err != nil {
		return nil, safeFault(path, "the header of `%s` is no JSON object", path)
	}
	s := &Safetensors{path: path, entries: map[string]safeEntry{}, data: b[8+n:]}
	for _, name := range sortedKeys(raw) {
		if name == "__metadata__" {
			json.Unmarshal(raw[name], &s.meta)
			continue
		}
		var e safeEntry
		if err := json.Unmarshal(raw[name], &e); err != nil {
			return nil, safeFault(path, "the entry `%s` in the header of `%s` cannot be understood", name, path)
		}
		k, known := safeKinds[e.Dtype]
		if known {
			want, ok := sizeOfShape(e.Shape, k.size)
			if !ok || e.Offsets[0] < 0 || e.Offsets[1] > int64(len(s.data)) || e.Offsets[1]-e.Offsets[0] != want {
				return nil, safeFault(path, "the place of `%s` in `%s` does not agree with its sizes %v", name, path, e.Shape)
			}
		}
		s.entries[name] = e
	}
	return s, nil
}

// Names are the names of the tensors, sorted; Meta the texts beside them.
func (s *Safetensors) Names() []string         { return sortedKeys(s.entries) }
func (s *Safetensors) Meta() map[string]string { return s.meta }

// Tensor is the tensor of a name; "" is the only one.
func (s *Safetensors) Tensor(name string) (*array.Array, error) {
	names := s.Names()
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	e, ok := s.entries[name]
	if !ok {
		d := source.Dataf("D0125", source.Place{File: s.path}, "`%s` holds no tensor `%s`", s.path, name)
		if near := source.Nearest(name, names); near != "" {
			return nil, d.WithHint("did you mean `%s`?", near)
		}
		return nil, d.WithHint("it holds %s", list(names))
	}
	k, ok := safeKinds[e.Dtype]
	if !ok {
		return nil, safeFault(s.path, "`%s` in `%s` holds elements of kind %s, which cannot be read", name, s.path, e.Dtype)
	}
	a, ok := k.decode(s.data[e.Offsets[0]:e.Offsets[1]], binary.LittleEndian, e.Shape)
	if !ok {
		return nil, source.Dataf("D0112", source.Place{File: s.path}, "`%s` in `%s` holds a number that does not fit into i64", name, s.path)
	}
	return a, nil
}

// WriteSafetensors writes named tensors, those of larger elements first (so
// that all are aligned) and then by name, with texts beside them. The same
// tensors give the same bytes.
func WriteSafetensors(w io.Writer, tensors map[string]*array.Array, meta map[string]string) error {
	names := make([]string, 0, len(tensors))
	for n := range tensors {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := kindSize(tensors[names[i]].Kind), kindSize(tensors[names[j]].Kind)
		return a > b || a == b && names[i] < names[j]
	})
	var h bytes.Buffer
	h.WriteByte('{')
	if len(meta) > 0 {
		h.WriteString(`"__metadata__":` + jsonText(meta))
	}
	at := int64(0)
	for _, n := range names {
		a := tensors[n]
		if h.Len() > 1 {
			h.WriteByte(',')
		}
		size := int64(a.Len()) * int64(kindSize(a.Kind))
		shape := a.Shape
		if shape == nil {
			shape = []int{}
		}
		h.WriteString(jsonText(n) + ":" + jsonText(safeEntry{safeNames[a.Kind], shape, [2]int64{at, at + size}}))
		at += size
	}
	h.WriteByte('}')
	h.WriteString(strings.Repeat(" ", (8-h.Len()%8)%8))
	head := binary.LittleEndian.AppendUint64(nil, uint64(h.Len()))
	if _, err := w.Write(append(head, h.Bytes()...)); err != nil {
		return err
	}
	for _, n := range names {
		if err := writeNumbers(w, tensors[n]); err != nil {
			return err
		}
	}
	return nil
}

// jsonText is a value in JSON, without escapes for HTML.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("data: no JSON for " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
