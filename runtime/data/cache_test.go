package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/runtime/array"
)

// cached opens the big tables with a cache.
func cached(t testing.TB, dir, cache string, limit int64) *Dataset {
	m := bigModule()
	n := needsAll(m)
	n.add("T", "k.v")
	run := runner(func(cols []*array.Array, rows int) []*array.Array { return cols })
	return mustOpen(t, m, Options{Dir: dir, Cache: cache, Needs: n, Limit: limit, Run: run, TempDir: t.TempDir()})
}

func states(ds *Dataset) string {
	var out []string
	for _, t := range ds.Report().Tables {
		out = append(out, t.Cache)
	}
	return strings.Join(out, " ")
}

// A table is the same from its cache as from its sources, in memory and not.
func TestCacheIsSource(t *testing.T) {
	dir, cache := bigDir(t), t.TempDir()
	want := cached(t, dir, "", 1<<30)
	for i, limit := range []int64{1 << 30, 1 << 30, 1 << 16, 1 << 30} {
		if i == 2 { // what a table on disk writes is what one in memory does
			os.RemoveAll(cache)
			if ds := cached(t, dir, cache, limit); states(ds) != "written written" || !ds.Report().Tables[0].Spilled {
				t.Fatal(states(ds))
			}
		}
		ds := cached(t, dir, cache, limit)
		if how := states(ds); how != []string{"written written", "read read", "read read", "read read"}[i] {
			t.Fatalf("%d: %s", i, how)
		}
		a, b := want.Report(), ds.Report()
		for k := range b.Tables {
			b.Tables[k].Cache, b.Tables[k].Spilled = "", false
		}
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%d: the report\n%v\nis not\n%v", i, b, a)
		}
		for _, table := range []string{"T", "Train", "Sorted"} {
			spec := OrderSpec{Shuffle: true, Seed: 5, Epoch: 2}
			cols, texts, rows := all(t, want, table, spec, 1000, bigReqs()...)
			c2, texts2, rows2 := all(t, ds, table, spec, 1000, bigReqs()...)
			if fmt.Sprint(rows) != fmt.Sprint(rows2) || fmt.Sprint(texts) != fmt.Sprint(texts2) {
				t.Fatalf("%d, %s: other rows or texts", i, table)
			}
			for k := range cols {
				if cols[k] != nil && !bytes.Equal(rawBytes(cols[k]), rawBytes(c2[k])) {
					t.Errorf("%d, %s: column %d differs", i, table, k)
				}
			}
		}
		if x, y := want.Locate("T", 12345), ds.Locate("T", 12345); x != y {
			t.Errorf("row 12345 is at %v, not %v", y, x)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(cache, "*")); len(files) != 2 {
		t.Errorf("%q", files)
	}
}

// A cache whose source has changed, or that is damaged anywhere, is written
// anew; one that cannot be written is no error.
func TestCacheIsChecked(t *testing.T) {
	dir, cache := bigDir(t), t.TempDir()
	cached(t, dir, cache, 1<<30)
	k := filepath.Join(dir, "k.csv")
	b, err := os.ReadFile(k)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-2] ^= 1 // a digit; size and time may stay the same
	if err := os.WriteFile(k, b, 0o666); err != nil {
		t.Fatal(err)
	}
	if how := states(cached(t, dir, cache, 1<<30)); how != "read stale" {
		t.Error(how)
	}
	file, _ := filepath.Glob(filepath.Join(cache, "K-*.cache"))
	whole, err := os.ReadFile(file[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := 64; at < len(whole); at += 1 + at/3 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		if at%2 == 1 {
			bad = bad[:at]
		}
		if err := os.WriteFile(file[0], bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if how := states(cached(t, dir, cache, 1<<30)); how != "read damaged" {
			t.Errorf("byte %d: %s", at, how)
		}
	}
	if got, _ := os.ReadFile(file[0]); !bytes.Equal(got, whole) {
		t.Error("the cache was not written anew")
	}
	if how := states(cached(t, dir, filepath.Join(k, "no"), 1<<30)); how != "failed failed" {
		t.Error(how)
	}
}

// FuzzCache: no head makes a cache that is believed wrongly or takes more
// memory than its bytes are.
func FuzzCache(f *testing.F) {
	dir, cache := bigDir(f), f.TempDir()
	ds := cached(f, dir, cache, 1<<30)
	file, plan := ds.tables["K"].cacheOf()
	now, err := ds.tables["K"].sourceHash()
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	foot := whole[len(whole)-cacheFoot:]
	at := binary.LittleEndian.Uint64(foot)
	head := whole[at : len(whole)-cacheFoot]
	f.Add(head)
	f.Add(bytes.Replace(head, []byte(`"Count":101`), []byte(`"Count":1e12`), 1))
	f.Add(bytes.Replace(head, []byte(`"Rows":101`), []byte(`"Rows":2e9`), 1))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, head []byte) {
		b := append(bytes.Clone(whole[:at]), head...)
		b = binary.LittleEndian.AppendUint64(b, at)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
		b = append(binary.LittleEndian.AppendUint32(b, crc32.Checksum(head, castagnoli)), cacheMagic...)
		path := filepath.Join(t.TempDir(), "x.cache")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		k := ds.tables["K"]
		k.forget()
		if how := k.loadCache(path, plan, now); how == CacheRead && k.rows() != int64(len(k.keys.texts)) {
			t.Errorf("%d rows, %d keys", k.rows(), len(k.keys.texts))
		}
	})
}
