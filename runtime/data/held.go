package data

// Held is how many bytes of rows, texts and keys stay in memory.
func (ds *Dataset) Held() int64 {
	n := int64(0)
	for _, t := range ds.tables {
		if t.store != nil && t.store.spill == nil {
			n += t.store.bytes
		}
		if t.keys != nil {
			n += t.keys.bytes
		}
	}
	return n
}

// Ahead is how many bytes the batches of a Batcher take that are made ahead,
// where a batch has size rows of so many bytes.
func Ahead(size, rowBytes int64) int64 {
	each := size * (rowBytes + 16)
	frames, batches := shape(each)
	return int64(frames) * int64(batches) * each
}
