package data

import (
	"bytes"
	"io"

	"github.com/dfc-lang/dfc/lang/source"
)

const (
	blockSize = 1 << 19 // bytes read at a time
	maxRecord = 8 << 20 // longest record; longer ones are almost always a wrong quote or separator
)

// block is a piece of a file that holds whole records.
type block struct {
	file   string
	layout *layout // of the columns of its file
	data   []byte
	part   *part // what a worker made of it
	done   chan struct{}

	buf  []byte // owned memory; data is a part of it, with slack bytes behind it
	head int64  // lines of the file before its first record
}

// splitter cuts a stream into blocks at ends of records. In a quoted dialect
// a line end inside quotes ends none.
type splitter struct {
	s     *stream
	quote byte // 0: none
	sep   byte // 0: none
	rest  []byte
	eof   bool
	lines int64 // lines handed out
	size  int   // bytes read at a time; 0: blockSize
}

// next fills b with whole records; false at the end of the file.
func (sp *splitter) next(b *block) (bool, error) {
	if cap(b.buf) < blockSize+slack {
		b.buf = make([]byte, 0, blockSize+blockSize/4)
	}
	b.buf = append(b.buf[:0], sp.rest...)
	want := sp.size
	if want == 0 {
		want = blockSize
	}
	for {
		if err := sp.fill(b, want); err != nil {
			return false, err
		}
		if len(b.buf) == 0 {
			return false, nil
		}
		end, open := sp.lastEnd(b.buf)
		if sp.eof {
			if open >= 0 {
				return false, sp.unclosed(b.buf, open)
			}
			if len(b.buf)-end > maxRecord {
				return false, sp.tooLong(b.buf, end, open)
			}
			end = len(b.buf)
		}
		if end > 0 {
			sp.rest = append(sp.rest[:0], b.buf[end:]...)
			b.data = b.buf[:end]
			sp.lines += int64(bytes.Count(b.data, []byte{'\n'}))
			return true, nil
		}
		if len(b.buf) > maxRecord {
			return false, sp.tooLong(b.buf, 0, open)
		}
		want = min(2*len(b.buf), maxRecord+1)
	}
}

// fill reads until the buffer holds want bytes or the file ends.
func (sp *splitter) fill(b *block, want int) error {
	for len(b.buf) < want && !sp.eof {
		if len(b.buf)+slack >= cap(b.buf) {
			grown := make([]byte, len(b.buf), 2*cap(b.buf))
			copy(grown, b.buf)
			b.buf = grown
		}
		n, err := sp.s.Read(b.buf[len(b.buf):min(cap(b.buf)-slack, want)])
		b.buf = b.buf[:len(b.buf)+n]
		switch {
		case err == io.EOF:
			sp.eof = true
		case err != nil:
			return err
		}
	}
	return nil
}

// lastEnd is the offset after the last end of a record, 0 where there is
// none, and the offset of a quoted field that is open at the end, else -1.
func (sp *splitter) lastEnd(d []byte) (end, open int) {
	if sp.quote == 0 || bytes.IndexByte(d, sp.quote) < 0 {
		return bytes.LastIndexByte(d, '\n') + 1, -1
	}
	i := 0
	for {
		q := bytes.IndexByte(d[i:], sp.quote)
		if q < 0 {
			break
		}
		q += i
		if q > 0 && d[q-1] != sp.sep && d[q-1] != '\n' {
			i = q + 1 // a quote inside a field: the parser reports it
			continue
		}
		if j := bytes.LastIndexByte(d[i:q], '\n'); j >= 0 {
			end = i + j + 1
		}
		close := closingQuote(d, q+1, sp.quote)
		if close < 0 {
			return end, q
		}
		i = close + 1
	}
	if j := bytes.LastIndexByte(d[i:], '\n'); j >= 0 {
		end = i + j + 1
	}
	return end, -1
}

// closingQuote finds the quote that ends a field, over doubled ones; -1 if
// there is none. A quote at the very end may be half of a doubled one.
func closingQuote(d []byte, from int, quote byte) int {
	for {
		q := bytes.IndexByte(d[from:], quote)
		if q < 0 {
			return -1
		}
		q += from
		if q+1 == len(d) || d[q+1] != quote {
			return q
		}
		from = q + 2
	}
}

func (sp *splitter) unclosed(d []byte, open int) error {
	line := sp.lines + 1 + int64(bytes.Count(d[:open], []byte{'\n'}))
	return source.Dataf("D0108", source.Place{File: sp.s.path, Line: line, Value: clip(d[open:])},
		"a quoted field begins here and is never closed").
		WithHint("close it, or write `quote: none` in the reader if quotes are ordinary characters in this file")
}

func (sp *splitter) tooLong(d []byte, start, open int) error {
	if open >= 0 {
		return sp.unclosed(d, open)
	}
	return source.Dataf("D0110", source.Place{File: sp.s.path, Line: sp.lines + 1 + int64(countLines(d[:start])), Value: clip(d[start:])},
		"this record is longer than %s", byteText(maxRecord))
}

// clip is the beginning of a long text, for messages.
func clip(d []byte) string {
	if len(d) > 200 {
		d = d[:200]
	}
	return string(bytes.ToValidUTF8(d, []byte("�")))
}
