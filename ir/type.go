package ir

import "strings"

// Kind is the kind of the elements of a tensor.
type Kind uint8

const (
	NoKind Kind = iota
	F32
	F64
	I32
	I64
	U8
	I8
	U16
	I16
	Bool
	Index // an integer in 0..Bound
	Key   // 64 bits of randomness: state of no generator, only folded and drawn from
)

var kindNames = [...]string{"?", "f32", "f64", "i32", "i64", "u8", "i8", "u16", "i16", "bool", "index", "key"}

func (k Kind) String() string { return kindNames[k] }

// KindOf is the kind of that name, NoKind where there is none.
func KindOf(name string) Kind {
	for i := 1; i < len(kindNames); i++ {
		if kindNames[i] == name {
			return Kind(i)
		}
	}
	return NoKind
}

// IsFloat reports whether values of the kind have tangents.
func (k Kind) IsFloat() bool { return k == F32 || k == F64 }

// IsInt reports whether the kind is an integer one that arithmetic is defined on.
func (k Kind) IsInt() bool { return k == I32 || k == I64 }

// IsStorage reports whether the kind is only stored and converted.
func (k Kind) IsStorage() bool { return k >= U8 && k <= I16 }

// Type is the type of a value: a kind and dimensions, outermost first. Bound
// is the range of an Index. Types are compared with Equal.
type Type struct {
	Kind  Kind
	Bound Dim
	Dims  []Dim
}

// Tensor, Scalar and IndexOf make types.
func TensorOf(k Kind, dims ...Dim) Type   { return Type{Kind: k, Dims: dims} }
func ScalarOf(k Kind) Type                { return Type{Kind: k} }
func IndexOf(bound Dim, dims ...Dim) Type { return Type{Kind: Index, Bound: bound, Dims: dims} }
func (t Type) Rank() int                  { return len(t.Dims) }
func (t Type) IsFloat() bool              { return t.Kind.IsFloat() }
func (t Type) WithDims(dims ...Dim) Type  { return Type{t.Kind, t.Bound, dims} }
func (t Type) WithKind(k Kind) Type       { return Type{Kind: k, Dims: t.Dims} }
func (t Type) Lead(d Dim) Type            { return t.WithDims(append([]Dim{d}, t.Dims...)...) }
func (t Type) Elem() Type                 { return Type{Kind: t.Kind, Bound: t.Bound} }
func (t Type) SameDims(u Type) bool       { return EqualDims(t.Dims, u.Dims) }
func (t Type) Equal(u Type) bool          { return t.Kind == u.Kind && t.Bound == u.Bound && t.SameDims(u) }

// Inner is the type without its leading dimension.
func (t Type) Inner() Type { return t.WithDims(t.Dims[1:]...) }

// EqualDims compares two lists of dimensions.
func EqualDims(a, b []Dim) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Significant is dims without those that are 1.
func Significant(dims []Dim) []Dim {
	var out []Dim
	for _, d := range dims {
		if d != N(1) {
			out = append(out, d)
		}
	}
	return out
}

// String is `f32[n,784]` or `index<Region>[B]`.
func (t Type) String() string {
	var b strings.Builder
	b.WriteString(t.Kind.String())
	if t.Kind == Index {
		b.WriteString("<" + t.Bound.String() + ">")
	}
	if len(t.Dims) > 0 {
		b.WriteByte('[')
		for i, d := range t.Dims {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(d.String())
		}
		b.WriteByte(']')
	}
	return b.String()
}

// Subst replaces symbols in all dimensions of the type.
func (t Type) Subst(look func(string) (Dim, bool)) Type {
	out := Type{Kind: t.Kind, Bound: t.Bound.Subst(look)}
	for _, d := range t.Dims {
		out.Dims = append(out.Dims, d.Subst(look))
	}
	return out
}

// Symbols adds the symbols of all dimensions to set.
func (t Type) Symbols(set map[string]bool) {
	t.Bound.Symbols(set)
	for _, d := range t.Dims {
		d.Symbols(set)
	}
}
