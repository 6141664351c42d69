package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// jsonSchema is the declaration that reads a file of objects, one a line.
func jsonSchema(s *stream, file string) (string, error) {
	g := &jsonGuess{byName: map[string]*jsonColumn{}}
	r := bufio.NewReaderSize(s, blockSize)
	line, read := int64(0), 0
	for read < 64*blockSize { // some 32 MB are enough to judge by
		raw, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		line, read = line+1, read+len(raw)
		if line == 1 {
			var bad error
			if raw, bad = dropBOM(file, raw); bad != nil {
				return "", bad
			}
		}
		if record := bytes.TrimSpace(raw); len(record) > 0 {
			if e := g.record(record); e != nil {
				e.Place.File, e.Place.Line = file, line
				return "", e
			}
		}
		if err != nil {
			break
		}
	}
	if g.rows == 0 {
		return "", source.Dataf("D0103", source.Place{File: file}, "`%s` is empty", file)
	}
	return g.declare(file), nil
}

// jsonGuess is what is known of the names of objects so far.
type jsonGuess struct {
	cols   []*jsonColumn
	byName map[string]*jsonColumn
	rows   int64
}

type jsonColumn struct {
	columnGuess
	there                            int64 // rows that have it and not null
	texts, numbers, bools            bool  // kinds of what was seen
	objects, uneven, scalars, arrays bool
	holes                            bool // null inside of an array
	shape                            []int
}

// record takes an object; names keep the order in which they are first seen.
func (g *jsonGuess) record(raw []byte) *source.Diagnostic {
	wrong := func() *source.Diagnostic {
		return source.Dataf("D0121", source.Place{Row: g.rows + 1, Value: clip(raw)}, "this line is not well formed: an object `{ … }` was expected").
			WithHint("a file is read as jsonl that has one object a line")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return wrong()
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return wrong()
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return wrong()
		}
		c := g.byName[name]
		if c == nil {
			c = &jsonColumn{columnGuess: columnGuess{name: name, distinct: map[string]bool{}, missing: map[string]bool{}}}
			g.byName[name] = c
			g.cols = append(g.cols, c)
		}
		c.whole(v)
	}
	if _, err := d.Token(); err != nil { // the brace that closes it
		return wrong()
	}
	if d.More() {
		return wrong()
	}
	g.rows++
	return nil
}

// whole takes the value of a row.
func (c *jsonColumn) whole(v any) {
	if v == nil {
		return
	}
	c.there++
	shape := shapeOf(v)
	if shape == nil {
		c.scalars = true
	} else {
		c.arrays = true
		c.uneven = c.uneven || c.shape != nil && !slices.Equal(c.shape, shape)
		c.shape = shape
	}
	c.element(v, shape)
}

// shapeOf is the sizes of an array by its first elements, nil of what is none.
func shapeOf(v any) []int {
	a, ok := v.([]any)
	if !ok {
		return nil
	}
	shape := []int{len(a)}
	if len(a) > 0 {
		shape = append(shape, shapeOf(a[0])...)
	}
	return shape
}

// element takes what stands inside of a value whose sizes are shape.
func (c *jsonColumn) element(v any, shape []int) {
	switch v := v.(type) {
	case []any:
		if len(shape) == 0 || len(v) != shape[0] || len(v) == 0 {
			c.uneven = true
			return
		}
		for _, x := range v {
			c.element(x, shape[1:])
		}
		return
	case nil:
		c.holes = true
	case string:
		c.texts = true
		c.see([]byte(v))
	case json.Number:
		c.numbers = true
		c.see([]byte(v))
	case bool:
		c.bools = true
		c.see(fmt.Append(nil, v))
	default:
		c.objects = true
	}
	c.uneven = c.uneven || len(shape) > 0
}

// declare is the text of the table. What no field holds is said in a comment.
func (g *jsonGuess) declare(file string) string {
	var lines []string
	for _, c := range g.cols {
		name := identifier(c.name)
		kind, why := c.typeOf(g.rows)
		line := "  " + name + ": " + kind
		if name != c.name {
			line += fmt.Sprintf(" from %q", c.name)
		}
		if line += ","; why != "" {
			line = "  // " + c.name + ": " + why
		}
		lines = append(lines, line)
	}
	return fmt.Sprintf("table %s from jsonl(%q) {\n%s\n}\n", tableName(file), file, strings.Join(lines, "\n"))
}

// typeOf is the declared type, or why there is none.
func (c *jsonColumn) typeOf(rows int64) (kind, why string) {
	switch {
	case c.objects:
		return "", "an object, which no field holds"
	case c.scalars && c.arrays:
		return "", "sometimes an array and sometimes not"
	case c.uneven:
		return "", "arrays of different sizes, which no field holds"
	case c.arrays && c.texts:
		return "", "an array of texts; with `category Word` declared it is `Word" + dimsText(c.shape) + "`"
	case c.texts:
		c.notBool, c.notInt, c.notFloat = true, true, true // numbers in quotes are texts
	case c.bools && c.numbers:
		return "", "sometimes true or false and sometimes a number"
	}
	kind = c.kind(rows)
	if c.holes {
		kind += "?"
	}
	kind += dimsText(c.shape)
	if c.there < rows && !c.holes {
		kind += "?"
	}
	return kind, ""
}

func dimsText(shape []int) string {
	if shape == nil {
		return ""
	}
	return sizesText(shape)
}
