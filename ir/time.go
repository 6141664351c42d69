package ir

// ParseTime reads a time as files have it: `2024-02-29`, or with a clock
// `2024-02-29T13:05`, `13:05:07`, `13:05:07.25`, a blank in the place of the T,
// and behind it `Z` or the distance to it, `+02:00`, `+0200`, `+02`; without
// one it is Z. The result counts microseconds since 1970, in the Gregorian
// calendar of the years 0 to 9999; ok is false where the text is none.
func ParseTime(b []byte) (micros int64, ok bool) {
	p := timeParser{b: b, ok: true}
	year := p.digits(4)
	p.skip('-')
	month := p.digits(2)
	p.skip('-')
	day := p.digits(2)
	p.in(month, 1, 12)
	if p.ok {
		p.in(day, 1, daysOf(year, month))
	}
	micros = daysSince1970(year, month, day) * 86_400e6
	if len(p.b) > 0 && p.ok {
		if p.b[0] != 'T' && p.b[0] != 't' && p.b[0] != ' ' {
			return 0, false
		}
		p.b = p.b[1:]
		micros += p.clock()
	}
	return micros, p.ok && len(p.b) == 0
}

type timeParser struct {
	b  []byte
	ok bool
}

// digits is a number of just n digits.
func (p *timeParser) digits(n int) int64 {
	if len(p.b) < n {
		p.ok = false
		return 0
	}
	x := int64(0)
	for _, c := range p.b[:n] {
		if c < '0' || c > '9' {
			p.ok = false
			return 0
		}
		x = 10*x + int64(c-'0')
	}
	p.b = p.b[n:]
	return x
}

func (p *timeParser) skip(c byte) {
	if !p.next(c) {
		p.ok = false
	}
}

func (p *timeParser) next(c byte) bool {
	if len(p.b) == 0 || p.b[0] != c {
		return false
	}
	p.b = p.b[1:]
	return true
}

func (p *timeParser) in(x, lo, hi int64) { p.ok = p.ok && lo <= x && x <= hi }

// clock is the time of the day, and its distance to UTC, in microseconds.
func (p *timeParser) clock() int64 {
	hour := p.digits(2)
	p.skip(':')
	minute, second, part := p.digits(2), int64(0), int64(0)
	if p.next(':') {
		second = p.digits(2)
		if p.next('.') || p.next(',') {
			part = p.fraction()
		}
	}
	p.in(hour, 0, 23)
	p.in(minute, 0, 59)
	p.in(second, 0, 59)
	return (hour*3600+minute*60+second)*1e6 + part - p.zone()
}

// fraction is a part of a second in microseconds; what is behind the sixth
// digit is left out.
func (p *timeParser) fraction() int64 {
	x, scale, any := int64(0), int64(100_000), false
	for len(p.b) > 0 && '0' <= p.b[0] && p.b[0] <= '9' {
		x += scale * int64(p.b[0]-'0')
		scale /= 10
		p.b, any = p.b[1:], true
	}
	p.ok = p.ok && any
	return x
}

// zone is how far the clock is before that of UTC.
func (p *timeParser) zone() int64 {
	if len(p.b) == 0 || p.next('Z') || p.next('z') {
		return 0
	}
	sign := int64(1)
	if !p.next('+') {
		p.skip('-')
		sign = -1
	}
	hours, minutes := p.digits(2), int64(0)
	if p.next(':') || len(p.b) > 0 {
		minutes = p.digits(2)
	}
	p.in(hours, 0, 23)
	p.in(minutes, 0, 59)
	return sign * (hours*3600 + minutes*60) * 1e6
}

func daysOf(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days in the Gregorian calendar, with years that begin in
// March so that the leap day is the last (Hinnant, "chrono-compatible low-level
// date algorithms").
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	era := (year+400)/400 - 1 // of 400 years, rounded down: the year may be -1 here
	ofEra := year - 400*era
	ofYear := (153*((month+9)%12)+2)/5 + day - 1
	return era*146_097 + 365*ofEra + ofEra/4 - ofEra/100 + ofYear - 719_468
}
