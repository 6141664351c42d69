package data

import "unsafe"

// dict numbers texts in the order in which they are first met. It remembers
// the row of that first meeting, so that a text found wrong later can be
// located without a second pass.
type dict struct {
	ids   map[string]int32
	texts []string
	first []int64 // row of the source table, from 0
	bytes int64
}

func newDict() *dict { return &dict{ids: map[string]int32{}} }

// id is the number of a text, adding it where it is new.
func (d *dict) id(s []byte, row int64) (id int32, fresh bool) {
	if id, ok := d.ids[string(s)]; ok {
		return id, false
	}
	t := string(s)
	id = int32(len(d.texts))
	d.ids[t] = id
	d.texts = append(d.texts, t)
	d.first = append(d.first, row)
	d.bytes += int64(len(t)) + 56
	return id, true
}

// localDict numbers the texts of one block; blocks are merged in the order
// of the file, so the result does not depend on who parsed which.
type localDict struct {
	ids   map[string]int32
	arena []byte
	ends  []uint32 // end of each text in the arena
	rows  []int32  // row in the block where it was first met
	last  []byte   // the text before this one, which is often the same
	lastI int32
	any   bool // last is one
	near  []shortText
}

// shortText is a text of 1 to 8 bytes and its number.
type shortText struct {
	text uint64 // its last byte the highest, 0 before the first
	size int32
	id   int32
}

// nearTexts is how many short texts are found without a map.
const nearTexts = 256

func nearAt(text uint64) int { return int(text * 0x9e3779b97f4a7c15 >> 56) }

// short is the number of a text of size bytes at p that was met before; it may
// not know. Eight bytes from p on can be read.
func (d *localDict) short(p unsafe.Pointer, size int) (id int32, ok bool) {
	if uint(size-1) >= 8 || d.near == nil {
		return 0, false
	}
	text := eightAt(p) << (uint(8-size) * 8 & 63)
	n := &d.near[nearAt(text)]
	return n.id, n.text == text && int(n.size) == size
}

// remember enters a text for short.
func (d *localDict) remember(s []byte, id int32) {
	if len(s) < 1 || len(s) > 8 {
		return
	}
	text := uint64(0)
	for _, c := range s {
		text = text>>8 | uint64(c)<<56
	}
	if d.near == nil {
		d.near = make([]shortText, nearTexts)
	}
	d.near[nearAt(text)] = shortText{text, int32(len(s)), id}
}

func (d *localDict) reset() {
	if d.ids == nil {
		d.ids = map[string]int32{}
	}
	clear(d.ids)
	clear(d.near)
	d.arena, d.ends, d.rows, d.any = d.arena[:0], d.ends[:0], d.rows[:0], false
}

func (d *localDict) id(s []byte, row int32) (id int32, fresh bool) {
	if d.any && string(d.last) == string(s) {
		return d.lastI, false
	}
	id, ok := d.ids[string(s)]
	if !ok {
		id, fresh = int32(len(d.ends)), true
		d.ids[string(s)] = id
		d.arena = append(d.arena, s...)
		d.ends = append(d.ends, uint32(len(d.arena)))
		d.rows = append(d.rows, row)
	}
	d.remember(s, id)
	d.last, d.lastI, d.any = append(d.last[:0], s...), id, true
	return id, fresh
}

// undo takes out a text that was just added.
func (d *localDict) undo(s []byte) {
	n := len(d.ends) - 1
	delete(d.ids, string(s))
	d.arena, d.ends, d.rows, d.any = d.arena[:len(d.arena)-len(s)], d.ends[:n], d.rows[:n], false
	clear(d.near)
}

func (d *localDict) text(id int32) []byte {
	from := uint32(0)
	if id > 0 {
		from = d.ends[id-1]
	}
	return d.arena[from:d.ends[id]]
}

func (d *localDict) len() int { return len(d.ends) }
