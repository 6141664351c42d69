package ir

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestParseTime compares with the package time where both read a text.
func TestParseTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := time.UnixMicro(r.Int64N(253402300800_000000+62167219200_000000) - 62167219200_000000).In(time.FixedZone("", 60*(r.IntN(2879)-1439)))
		if at.Year() < 0 || at.Year() > 9999 {
			continue
		}
		for _, layout := range []string{"2006-01-02T15:04:05.000000Z07:00", "2006-01-02 15:04:05.000000-0700", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02"} {
			text := at.Format(layout)
			want, err := time.Parse(layout, text)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := ParseTime([]byte(text)); !ok || got != want.UnixMicro() {
				t.Fatalf("%s is %d, %v, not %d", text, got, ok, want.UnixMicro())
			}
		}
	}
	for _, text := range []string{"", "2024", "2024-1-05", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-05T", "2024-01-05T1:00",
		"2024-01-05T25:00", "2024-01-05T10:60", "2024-01-05T10:00:60", "2024-01-05T10:00:00.", "2024-01-05T10:00+2", "2024-01-05T10:00+24:00", "2024-01-05x", "05.01.2024", "2024-01-05T10:00Zx"} {
		if _, ok := ParseTime([]byte(text)); ok {
			t.Errorf("%q is read as a time", text)
		}
	}
}
