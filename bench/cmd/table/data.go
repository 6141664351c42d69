package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// draws are numbers in -1..1 that are the same everywhere (xorshift64).
type draws uint64

func (d *draws) next() uint64 {
	x := uint64(*d)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*d = draws(x)
	return x
}

func (d *draws) float() float64 { return float64(int64(d.next()>>20)%2_000_001-1_000_000) / 1e6 }

// file writes a file of generated data unless it is there.
func file(dir, name string, write func(w *bufio.Writer)) error {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// numbers writes a table of columns in -1..1 and what label makes of them.
func numbers(dir, name string, rows, columns int, label func(x []float64) string) error {
	return file(dir, name, func(w *bufio.Writer) {
		d := draws(88172645463325252)
		for i := 0; i < columns; i++ {
			w.WriteString("x" + strconv.Itoa(i) + ",")
		}
		w.WriteString("y\n")
		x := make([]float64, columns)
		for r := 0; r < rows; r++ {
			for i := range x {
				x[i] = d.float()
				w.WriteString(strconv.FormatFloat(x[i], 'f', 6, 64) + ",")
			}
			w.WriteString(label(x) + "\n")
		}
	})
}

func writePoints(dir string) error {
	return numbers(dir, "points.csv", 25_600, 20, func(x []float64) string {
		if x[0]+x[1]-x[2] > 0 {
			return "1"
		}
		return "0"
	})
}

func writeRows(dir string) error {
	return numbers(dir, "rows.csv", 25_600, 12, func(x []float64) string {
		return strconv.FormatFloat(x[0]*x[1]+x[2], 'f', 6, 64)
	})
}

// writeLines makes 6,400 lines of 64 characters; their kind is that of the
// fourth from the end.
func writeLines(dir string) error {
	const rows, length, characters = 6400, 64, 27
	return file(dir, "lines.csv", func(w *bufio.Writer) {
		d := draws(88172645463325252)
		for i := 0; i < length; i++ {
			w.WriteString("c" + strconv.Itoa(i) + ",")
		}
		w.WriteString("kind\n")
		for r := 0; r < rows; r++ {
			kind := 0
			for i := 0; i < length; i++ {
				c := int(d.next() >> 33 % characters)
				if i == length-4 {
					kind = c % 4
				}
				w.WriteString(strconv.Itoa(c) + ",")
			}
			w.WriteString(strconv.Itoa(kind) + "\n")
		}
	})
}

// writeRatings makes 1,024,000 ratings of 20,000 films by 100,000 users, and
// the tables of both.
func writeRatings(dir string) error {
	const users, films, ratings = 100_000, 20_000, 1_024_000
	if err := file(dir, "ratings.csv", func(w *bufio.Writer) {
		d := draws(88172645463325252)
		w.WriteString("user,film,stars\n")
		for i := 0; i < ratings; i++ {
			u, f := d.next()>>11%users, d.next()>>11%films
			w.WriteString(strconv.FormatUint(u, 10) + "," + strconv.FormatUint(f, 10) + "," +
				strconv.FormatUint(1+(u*7+f*13+d.next()>>60)%5, 10) + "\n")
		}
	}); err != nil {
		return err
	}
	if err := keys(dir, "users.csv", "user", users); err != nil {
		return err
	}
	return keys(dir, "films.csv", "film", films)
}

func keys(dir, name, column string, n int) error {
	return file(dir, name, func(w *bufio.Writer) {
		w.WriteString(column + "\n")
		for i := 0; i < n; i++ {
			w.WriteString(strconv.Itoa(i) + "\n")
		}
	})
}

// writeTable makes a million rows of 19 numbers with holes, a text and a label.
func writeTable(dir string) error {
	places := []string{"north", "east", "south", "west"}
	return file(dir, "table.csv", func(w *bufio.Writer) {
		d := draws(88172645463325252)
		for i := 0; i < 19; i++ {
			w.WriteString("c" + strconv.Itoa(i) + ",")
		}
		w.WriteString("place,y\n")
		for r := 0; r < 1_000_000; r++ {
			sum := 0.0
			for i := 0; i < 19; i++ {
				v := d.float()
				if d.next()%97 != 0 {
					w.WriteString(strconv.FormatFloat(v, 'f', 4, 64))
					sum += v
				}
				w.WriteByte(',')
			}
			w.WriteString(places[d.next()>>62] + "," + strconv.FormatFloat(sum, 'f', 4, 64) + "\n")
		}
	})
}
