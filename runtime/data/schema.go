package data

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Schema writes the `table` declaration that reads a file of separated values,
// of JSON objects, or in IDX: names from the file, kinds that hold all values of
// the first rows, `?` where some are missing, categories where texts are few.
func Schema(dir, file string) (string, error) {
	s, err := openStream(dir, file, source.Span{})
	if err != nil {
		return "", err
	}
	defer s.close()
	head, err := beginning(dir, file)
	if err != nil {
		return "", err
	}
	if of := schemaOf(file, head); of != nil {
		return of(s, file)
	}
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	d := dialect{sep: guessSeparator(line), quote: '"', header: true, missing: []string{""}}
	b, sp := &block{}, &splitter{s: s, quote: d.quote, sep: d.sep}
	ok, err := sp.next(b)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", source.Dataf("D0103", source.Place{File: file}, "`%s` is empty", file)
	}
	data, err := dropBOM(file, b.data)
	if err != nil {
		return "", err
	}
	c := &csvDecoder{dialect: d}
	names, rest, err := c.readHeader(file, data)
	if err != nil {
		return "", err
	}
	g := newGuess(names)
	for n := 0; ; n++ {
		if err := g.rows(c, rest, file); err != nil {
			return "", err
		}
		if n == 64 { // some 32 MB are enough to judge by
			break
		}
		if ok, err := sp.next(b); err != nil {
			return "", err
		} else if !ok {
			break
		}
		rest = b.data
	}
	return g.declare(file, d), nil
}

// beginning is what the form of a file is guessed from.
func beginning(dir, file string) ([]byte, error) {
	s, err := openStream(dir, file, source.Span{})
	if err != nil {
		return nil, err
	}
	defer s.close()
	return io.ReadAll(io.LimitReader(s, 1<<16))
}

// guessSeparator takes the sign that stands most often in the first line.
func guessSeparator(line []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte{c}); n > most {
			best, most = c, n
		}
	}
	return best
}

// guess is what is known of the columns so far.
type guess struct {
	cols []columnGuess
	n    int64
}

type columnGuess struct {
	name          string
	values        int64 // that are there
	notInt        bool
	notFloat      bool
	notBool       bool
	notTime       bool
	wide          bool // beyond i32
	fine          bool // more digits than f32 holds
	distinct      map[string]bool
	many          bool
	missing       map[string]bool // signs for missing values
	min, max      int64
	leadingZeroes bool
}

const maxMembers = 50 // distinct texts of a column that is taken for a category

func newGuess(names []string) *guess {
	g := &guess{}
	for _, n := range names {
		g.cols = append(g.cols, columnGuess{name: n, distinct: map[string]bool{}, missing: map[string]bool{}})
	}
	return g
}

func (g *guess) rows(c *csvDecoder, d []byte, file string) error {
	for i := 0; i < len(d); {
		if d[i] == '\n' || d[i] == '\r' {
			i++
			continue
		}
		n := 0
		for last := false; !last; n++ {
			var raw []byte
			var p *problem
			raw, i, last, p = c.field(d, i)
			if p != nil {
				return source.Dataf(p.code, source.Place{File: file, Row: g.n + 1, Value: clip(raw)}, "%s", p.message).WithHint("%s", p.hint)
			}
			if n < len(g.cols) {
				g.cols[n].see(raw)
			}
		}
		if n != len(g.cols) {
			return source.Dataf("D0106", source.Place{File: file, Row: g.n + 1}, "this record has %s, the header has %d", count(n, "column"), len(g.cols))
		}
		g.n++
	}
	return nil
}

var missingSigns = map[string]bool{"": true, "NA": true, "N/A": true, "?": true, "nan": true, "NaN": true, "null": true, "NULL": true, "None": true}

func (c *columnGuess) see(raw []byte) {
	t := trim(raw)
	if missingSigns[string(t)] {
		c.missing[string(t)] = true
		return
	}
	c.values++
	if v, how := parseInt(t); how != intOK || bytes.ContainsAny(t, ".eE") {
		c.notInt = true
	} else {
		if v > 1<<31-1 || v < -1<<31 {
			c.wide = true
		}
		if len(t) > 1 && t[0] == '0' {
			c.leadingZeroes = true
		}
		if c.values == 1 {
			c.min, c.max = v, v
		}
		c.min, c.max = min(c.min, v), max(c.max, v)
	}
	if x, ok := parseF64(t); !ok {
		c.notFloat = true
	} else if float32(x)-float32(x) != 0 {
		c.fine = true
	}
	switch string(t) {
	case "true", "false", "True", "False", "TRUE", "FALSE":
	default:
		c.notBool = true
	}
	if !c.notTime {
		_, ok := ir.ParseTime(t)
		c.notTime = !ok
	}
	if !c.many {
		if c.distinct[string(t)] = true; len(c.distinct) > maxMembers {
			c.many, c.distinct = true, nil
		}
	}
}

// kind is the declared type of the column.
func (c *columnGuess) kind(rows int64) string {
	switch {
	case c.values == 0:
		return "str"
	case !c.notBool:
		return "bool"
	case c.leadingZeroes && !c.notInt:
		return "str" // a code such as a postal one, not a number
	case !c.notInt && c.wide:
		return "i64"
	case !c.notInt:
		return "i32"
	case !c.notFloat && c.fine:
		return "f64"
	case !c.notFloat:
		return "f32"
	case !c.notTime:
		return "time"
	case !c.many && int64(len(c.distinct))*2 <= rows:
		return "category"
	}
	return "str"
}

// declare is the text of the table.
func (g *guess) declare(file string, d dialect) string {
	var b strings.Builder
	signs := map[string]bool{}
	text := []string{}
	for i := range g.cols {
		c := &g.cols[i]
		kind := c.kind(g.n)
		for m := range c.missing {
			if kind != "str" || m != "" {
				signs[m] = true
			}
		}
		if len(c.missing) > 0 && (kind != "str" || len(c.missing) > 1 || !c.missing[""]) {
			kind += "?"
		}
		name := identifier(c.name)
		line := "  " + name + ": " + kind
		if name != c.name {
			line += fmt.Sprintf(" from %q", c.name)
		}
		text = append(text, line+",")
	}
	fmt.Fprintf(&b, "table %s from csv(%q", tableName(file), file)
	if d.sep != ',' {
		fmt.Fprintf(&b, ", separator: %q", string(d.sep))
	}
	if delete(signs, ""); len(signs) > 0 {
		b.WriteString(`, missing: [""`)
		for _, m := range sortedKeys(signs) {
			fmt.Fprintf(&b, ", %q", m)
		}
		b.WriteString("]")
	}
	b.WriteString(") {\n" + strings.Join(text, "\n") + "\n}\n")
	return b.String()
}

// identifier makes a name of a column's.
func identifier(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '_' || unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.IsDigit(r):
			b.WriteString("c" + string(r))
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "c"
	}
	return b.String()
}

// tableName is the name of a file as that of a table: `data/hour.csv.gz` is Hour.
func tableName(file string) string {
	base := path.Base(strings.ReplaceAll(file, "\\", "/"))
	base, _, _ = strings.Cut(base, ".")
	name := ""
	for _, w := range strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		name += strings.ToUpper(w[:1]) + w[1:]
	}
	if name == "" || !unicode.IsLetter(rune(name[0])) {
		return "T" + name
	}
	return name
}
