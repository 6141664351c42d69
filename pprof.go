package dfc

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// WritePprof writes the profile in the format of `go tool pprof`
// (github.com/google/pprof, proto/profile.proto), compressed: time, arithmetic
// and bytes of each kernel, called by the line of the source that asks for it,
// called by the function of the IR.
func (p *Profile) WritePprof(w io.Writer) error {
	b := &pprof{texts: map[string]int64{}, functions: map[string]uint64{}}
	b.text("")
	for _, t := range [][2]string{{"flops", "count"}, {"bytes", "bytes"}, {"time", "nanoseconds"}} {
		b.out.message(1, func(m *protobuf) { m.int(1, b.text(t[0])); m.int(2, b.text(t[1])) })
	}
	for _, k := range p.Kernels {
		for _, s := range k.shares {
			stack := []uint64{b.location(k.Name, k.File, k.Line)}
			if s.file != nil {
				place := fmt.Sprintf("%s:%d", filepath.Base(s.file.Path), s.line)
				stack = append(stack, b.location(place, s.file.Path, s.line))
			}
			b.sample(append(stack, b.location("@"+k.Function, "", 0)),
				int64(s.share*float64(k.Flops)), int64(s.share*float64(k.Bytes)), time.Duration(s.share*float64(k.Time)))
		}
	}
	for _, q := range p.Parts {
		b.sample([]uint64{b.location("("+q.Name+")", "", 0)}, 0, 0, q.Time)
	}
	for _, t := range b.list {
		b.out.bytes(6, []byte(t))
	}
	b.out.int(10, int64(p.Run))
	b.out.int(14, b.text("time"))
	z := gzip.NewWriter(w)
	if _, err := z.Write(b.out.data); err != nil {
		return err
	}
	return z.Close()
}

// pprof is a profile under construction. Each location is a function of its own.
type pprof struct {
	out       protobuf
	texts     map[string]int64
	list      []string
	functions map[string]uint64
}

func (b *pprof) text(s string) int64 {
	n, ok := b.texts[s]
	if !ok {
		n = int64(len(b.list))
		b.texts[s] = n
		b.list = append(b.list, s)
	}
	return n
}

func (b *pprof) sample(stack []uint64, flops, bytes int64, t time.Duration) {
	b.out.message(2, func(m *protobuf) {
		for _, id := range stack {
			m.uint(1, id)
		}
		for _, v := range []int64{flops, bytes, int64(t)} {
			m.int(2, v)
		}
	})
}

// location is the number of a function and of the place in it.
func (b *pprof) location(name, file string, line int) uint64 {
	key := fmt.Sprintf("%s\x00%s\x00%d", name, file, line)
	if id, ok := b.functions[key]; ok {
		return id
	}
	id := uint64(len(b.functions) + 1)
	b.functions[key] = id
	b.out.message(4, func(m *protobuf) {
		m.uint(1, id)
		m.message(4, func(l *protobuf) { l.uint(1, id); l.int(2, int64(line)) })
	})
	b.out.message(5, func(m *protobuf) {
		m.uint(1, id)
		m.int(2, b.text(name))
		m.int(3, b.text(name))
		m.int(4, b.text(file))
		m.int(5, int64(line))
	})
	return id
}

// protobuf is a message in the wire format of protocol buffers: only what
// profiles need of it.
type protobuf struct{ data []byte }

func (m *protobuf) uint(field int, v uint64) {
	m.data = binary.AppendUvarint(m.data, uint64(field)<<3)
	m.data = binary.AppendUvarint(m.data, v)
}

func (m *protobuf) int(field int, v int64) { m.uint(field, uint64(v)) }

func (m *protobuf) bytes(field int, b []byte) {
	m.data = binary.AppendUvarint(m.data, uint64(field)<<3|2)
	m.data = binary.AppendUvarint(m.data, uint64(len(b)))
	m.data = append(m.data, b...)
}

func (m *protobuf) message(field int, fill func(*protobuf)) {
	var in protobuf
	fill(&in)
	m.bytes(field, in.data)
}
