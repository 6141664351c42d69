package data

import (
	"strconv"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// windowed is the column of a text table: the numbers of its characters or
// words, of which each row is a window.
type windowed struct {
	codes          []int32
	window, stride int
	streams        int
	each           int // windows of a stream
}

// gather writes the windows of rows. Row r is window r/streams of stream
// r mod streams; the streams are equal stretches of the text, so consecutive
// batches of `streams` rows go on where the last ones ended.
func (w *windowed) gather(dst *array.Array, at int, rows []int32) {
	for i, r := range rows {
		out := dst.I32[at+i*w.window : at+(i+1)*w.window]
		if r < 0 {
			clear(out)
			continue
		}
		from := (int(r)%w.streams*w.each + int(r)/w.streams) * w.stride
		copy(out, w.codes[from:from+w.window])
	}
}

// readText reads the whole text and numbers its characters, or words.
func (t *table) readText() error {
	if len(t.node.Fields) != 1 || len(t.inputs) > 1 {
		return source.Errorf("D0134", t.span, "a table of a text has one field, the window")
	}
	w := &windowed{}
	f := &t.node.Fields[0]
	var err error
	if w.window, err = t.option("window", 0); err != nil {
		return err
	}
	if w.window == 0 && len(t.inputs) > 0 {
		w.window = t.inputs[0].width
	}
	if w.window == 0 {
		return source.Errorf("D0134", t.span, "the reader `text` needs `window:`, the length of a row")
	}
	if w.stride, err = t.option("stride", w.window); err != nil {
		return err
	}
	if w.streams, err = t.option("streams", 1); err != nil {
		return err
	}
	if len(t.inputs) > 0 && w.window != t.inputs[0].width {
		return source.Dataf("D0126", source.Place{File: t.paths()[0]}, "`%s` has %d elements, but a window has %d", f.Name, t.inputs[0].width, w.window).At(t.inputs[0].at(t.span))
	}
	d := newDict()
	for _, p := range t.reader.Paths {
		b, err := t.ds.readAll(p.Text, t.ds.opt.Memory/4, t.span)
		if err != nil {
			return err
		}
		if b, err = dropBOM(p.Text, b); err != nil {
			return err
		}
		if len(b) == 0 {
			return source.Dataf("D0103", source.Place{File: p.Text}, "`%s` is empty", p.Text).At(t.span)
		}
		if w.codes, err = t.encode(w.codes, b, d, p.Text); err != nil {
			return err
		}
	}
	windows := 0
	if len(w.codes) >= w.window {
		windows = (len(w.codes)-w.window)/w.stride + 1
	}
	w.each = windows / w.streams
	if w.each == 0 {
		return source.Dataf("D0128", source.Place{File: t.paths()[0]},
			"the text has %s, too few for %s of %d", count(len(w.codes), t.unit()), count(w.streams, "stream"), w.window).At(t.span)
	}
	t.windows, t.store.rows = w, int64(w.each)*int64(w.streams)
	t.store.bytes = 4 * int64(len(w.codes))
	t.files = []fileRows{{t.paths()[0], t.store.rows}}
	if len(t.inputs) > 0 {
		t.inputs[0].col.dict = d
	}
	return nil
}

func (t *table) unit() string {
	if t.reader.Options["by"] == "words" {
		return "word"
	}
	return "character"
}

func (t *table) option(name string, otherwise int) (int, error) {
	v, ok := t.reader.Options[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, source.Errorf("D0134", t.span, "`%s:` is a whole number from 1, not %q", name, v)
	}
	return n, nil
}

// encode appends the numbers of the characters or words of b. A character
// field whose type is no category takes the code points themselves.
func (t *table) encode(dst []int32, b []byte, d *dict, file string) ([]int32, error) {
	if t.unit() == "word" {
		return encodeWords(dst, b, d, file)
	}
	plain := len(t.inputs) > 0 && t.inputs[0].as != asMember
	var ascii [utf8.RuneSelf]int32
	for i := range ascii {
		ascii[i] = -1
	}
	line := int64(1)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, source.Dataf("D0109", source.Place{File: file, Line: line}, "this text is not valid UTF-8").WithHint("convert the file to UTF-8")
		}
		id := r
		switch {
		case plain && t.inputs[0].bound >= 0 && int64(r) >= t.inputs[0].bound:
			return nil, source.Dataf("D0114", source.Place{File: file, Line: line, Value: string(r)},
				"this character has the number %d, outside of index[%d]", r, t.inputs[0].bound).At(t.inputs[0].at(t.span))
		case plain:
		case r < utf8.RuneSelf && ascii[r] >= 0:
			id = ascii[r]
		default:
			id, _ = d.id(b[i:i+n], 0)
			if r < utf8.RuneSelf {
				ascii[r] = id
			}
		}
		if r == '\n' {
			line++
		}
		dst = append(dst, id)
		i += n
	}
	return dst, nil
}

// encodeWords takes the texts between spaces and ends of lines.
func encodeWords(dst []int32, b []byte, d *dict, file string) ([]int32, error) {
	line, start := int64(1), -1
	for i := 0; i <= len(b); i++ {
		space := i == len(b) || b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r'
		if !space && start < 0 {
			start = i
		}
		if space && start >= 0 {
			if !utf8.Valid(b[start:i]) {
				return nil, source.Dataf("D0109", source.Place{File: file, Line: line, Value: clip(b[start:i])}, "this text is not valid UTF-8").WithHint("convert the file to UTF-8")
			}
			id, _ := d.id(b[start:i], 0)
			dst, start = append(dst, id), -1
		}
		if i < len(b) && b[i] == '\n' {
			line++
		}
	}
	return dst, nil
}
