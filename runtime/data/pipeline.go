package data

import (
	"runtime"
	"slices"
	"sync"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// A table of records is read by one goroutine that decompresses and cuts
// blocks, several that decode them, and one that appends the rows in the
// order of the file. What is read does not depend on how many there are.

// pipeline reads the files of one table.
type pipeline struct {
	t     *table
	queue chan *block // in the order of the file
	work  chan *block
	free  chan *block
	stop  chan struct{}
	err   error // of the cutting side, valid once queue is closed
	first *layout
}

func workersOf(n int) int {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, 16)
}

// readRecords decodes all files of the table into its store.
func (t *table) readRecords() error {
	n := workersOf(t.ds.opt.Workers)
	p := &pipeline{t: t, stop: make(chan struct{}),
		queue: make(chan *block, 2*n), work: make(chan *block, 2*n), free: make(chan *block, 2*n+2)}
	for range cap(p.free) {
		p.free <- &block{done: make(chan struct{}, 1)}
	}
	var all sync.WaitGroup
	all.Go(func() {
		p.err = p.cut()
		close(p.queue)
		close(p.work)
	})
	for range n {
		d := t.newDecoder()
		all.Go(func() {
			for b := range p.work {
				d.decode(b)
				b.done <- struct{}{}
			}
		})
	}
	err := p.assemble()
	close(p.stop)
	for range p.queue { // lets the cutting side see the stop
	}
	all.Wait()
	if err == nil {
		err = p.err
	}
	if err == nil {
		err = t.store.close()
	}
	return err
}

// cut opens the files in order and hands out their blocks.
func (p *pipeline) cut() error {
	for _, f := range p.t.paths() {
		s, err := p.t.open(f)
		if err != nil {
			return err
		}
		err = p.cutFile(s)
		s.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pipeline) cutFile(s *stream) error {
	d := p.t.dialect
	sp := &splitter{s: s, quote: d.quote, sep: d.sep}
	if p.t.reader.Name == "jsonl" {
		sp.quote, sp.sep = 0, 0
	}
	var l *layout
	head := int64(0)
	for first := true; ; first = false {
		var b *block
		select {
		case b = <-p.free:
		case <-p.stop:
			return nil
		}
		ok, err := sp.next(b)
		if err != nil {
			return err
		}
		if first {
			if !ok && (d.header || p.first == nil) {
				return source.Dataf("D0103", source.Place{File: s.path}, "`%s` is empty", s.path).At(p.t.span)
			}
			if l, head, err = p.begin(s, b); err != nil {
				return err
			}
		}
		if !ok {
			p.free <- b
			return nil
		}
		b.file, b.layout, b.head = s.path, l, head
		head = 0
		select {
		case p.work <- b:
		case <-p.stop:
			return nil
		}
		p.queue <- b
	}
}

// begin takes the beginning of a file off its first block.
func (p *pipeline) begin(s *stream, b *block) (l *layout, head int64, err error) {
	if b.data, err = dropBOM(s.path, b.data); err != nil {
		return nil, 0, err
	}
	t := p.t
	if t.reader.Name == "jsonl" {
		return jsonLayout(t.inputs), 0, nil
	}
	c := &csvDecoder{dialect: t.dialect}
	if !t.dialect.header {
		if p.first == nil {
			n := c.countFields(b.data)
			l = &layout{n: n, columns: nil, take: make([][]target, n)}
			for k, in := range t.inputs {
				cols, err := l.byPlace(in, s.path, t.span)
				if err != nil {
					return nil, 0, err
				}
				for part, col := range cols {
					l.take[col] = append(l.take[col], target{k, part})
				}
			}
			p.first = l.quicken(t.inputs, &t.dialect)
		}
		return p.first, 0, nil
	}
	before := len(b.data)
	names, rest, err := c.readHeader(s.path, b.data)
	if err != nil {
		return nil, 0, err
	}
	if len(names) == 0 {
		return nil, 0, source.Dataf("D0103", source.Place{File: s.path}, "`%s` is empty", s.path).At(t.span)
	}
	head = int64(countLines(b.data[:before-len(rest)]))
	b.data = rest
	if l, err = newLayout(t.inputs, names, s.path, t.span); err != nil {
		return nil, 0, err
	}
	if p.first == nil {
		p.first = l
	}
	return l.quicken(t.inputs, &t.dialect), head, nil
}

// assemble appends decoded blocks in order.
func (p *pipeline) assemble() error {
	a := &assembler{t: p.t}
	for b := range p.queue {
		<-b.done
		if a.enough(b) {
			break
		}
		if err := a.take(b); err != nil {
			return err
		}
		p.free <- b
	}
	return a.verdict()
}

// assembler gives decoded rows their places in the table.
type assembler struct {
	t       *table
	file    string
	fileRow int64 // rows of the file so far, dropped ones counted
	line    int64
	row     int64 // rows of all files so far, dropped ones counted
	ids     [][]int32
	faults  faultList
}

func (a *assembler) take(b *block) error {
	t, p := a.t, b.part
	if b.file != a.file || b.head > 0 {
		a.file, a.fileRow, a.line = b.file, 0, b.head
		t.files = append(t.files, fileRows{path: b.file})
	}
	t.files[len(t.files)-1].rows = a.fileRow + int64(p.rows)
	if p.lost > 0 || a.faults.first != nil {
		a.note(p)
		return nil
	}
	keep, err := a.keys(p)
	if err != nil {
		return err
	}
	if t.store.rows+int64(p.rows) > mostRows {
		return t.tooManyRows(b.file)
	}
	a.merge(p)
	for _, r := range keep {
		if err := t.store.append(t.inputs, p.vals, r[0], r[1], a.ids); err != nil {
			return err
		}
	}
	a.fileRow += int64(p.rows)
	a.row += int64(p.rows)
	a.line += p.lines
	return nil
}

// merge numbers the texts of a block for the whole file.
func (a *assembler) merge(p *part) {
	t := a.t
	if a.ids == nil {
		a.ids = make([][]int32, len(t.inputs))
	}
	for k, in := range t.inputs {
		if in.as != asMember && in.as != asForeign || in.col == nil {
			continue
		}
		d := &p.vals[k].dict
		ids := grow(a.ids[k], d.len())
		for i := range ids {
			ids[i], _ = in.col.dict.id(d.text(int32(i)), t.store.rows+int64(d.rows[i]))
		}
		a.ids[k] = ids
		if len(ids) == 0 {
			a.ids[k] = emptyIDs
		}
	}
	for k, in := range t.inputs {
		if in.valid == nil || in.col.kind == ir.Index && in.as != asIndex {
			continue // members and keys that are missing are counted by their numbers
		}
		for _, v := range p.vals[k].valid {
			if v == 0 {
				in.col.holes++
			}
		}
	}
}

// emptyIDs marks an input that has numbers of texts, but none in this block.
var emptyIDs = make([]int32, 0)

// keys enters the keys of a block and returns the rows that stay.
func (a *assembler) keys(p *part) ([][2]int, error) {
	t := a.t
	if t.own < 0 {
		return [][2]int{{0, p.rows}}, nil
	}
	v := &p.vals[t.own]
	var keep [][2]int
	for row := range p.rows {
		key := v.dict.text(v.a.I32[row])
		id, fresh := t.keys.id(key, a.row+int64(row))
		if !fresh {
			if !t.dupFirst {
				return nil, a.duplicate(key, id, int64(row), p)
			}
			t.dropped = append(t.dropped, a.row+int64(row))
			continue
		}
		if n := len(keep); n > 0 && keep[n-1][1] == row {
			keep[n-1][1]++
		} else {
			keep = append(keep, [2]int{row, row + 1})
		}
	}
	return keep, nil
}

func (a *assembler) duplicate(key []byte, id int32, row int64, p *part) error {
	t := a.t
	at := t.ds.locateFileRow(t, a.row+row)
	at.Column, at.Value = t.keyColumn(), decodeKey(string(key), t.keyParts)
	first := t.ds.locateFileRow(t, t.keys.first[id])
	return source.Dataf("D0118", at, "this key of `%s` stands in an earlier row too", t.name).At(t.span).
		Note(source.Span{}, "first seen in %s", first).
		WithHint("write `duplicates: first` in the reader to keep the first of such rows")
}

// fieldAt is the place of the field that a column belongs to, else of the table.
func (t *table) fieldAt(column string) source.Span {
	for _, in := range t.inputs {
		if in.name == column || in.field != nil && slices.Contains(in.field.From, column) {
			return in.at(t.span)
		}
	}
	return t.span
}

func countLines(b []byte) (n int) {
	for _, c := range b {
		if c == '\n' {
			n++
		}
	}
	return n
}

// newDecoder makes the decoder of the table's reader.
func (t *table) newDecoder() decoder {
	if t.reader.Name == "jsonl" {
		return newJSONDecoder(t.inputs)
	}
	return &csvDecoder{dialect: t.dialect, inputs: t.inputs, multi: needsEnd(t.inputs), cuts: cuts{vectors: t.ds.opt.Vectors}}
}

// fileRows is how many records a file has.
type fileRows struct {
	path string
	rows int64
}

// fieldOf finds a field by name, nil where there is none.
func fieldOf(fs []ir.Field, name string) *ir.Field {
	for i := range fs {
		if fs[i].Name == name {
			return &fs[i]
		}
	}
	return nil
}

// mostRows is how many rows a table may have: their numbers are indices.
const mostRows = 1<<31 - 1

func (t *table) tooManyRows(file string) error {
	return source.Dataf("D0127", source.Place{File: file}, "`%s` has more than %d rows", t.name, mostRows).At(t.span)
}
