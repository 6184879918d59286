package audit

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// buckets is how many there are.
const buckets = 13

// Tally counts endpoints by bucket, in the order of [Buckets].
type Tally [buckets]int

// MarshalJSON writes an object with every bucket, in the order of [Buckets].
func (t *Tally) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, name := range Buckets() {
		b.WriteString(`,"` + string(name) + `":` + strconv.Itoa(t[i]))
	}
	out := append(b.Bytes(), '}')
	out[0] = '{'
	return out, nil
}

func (t *Tally) add(b uptime.AuditBucket) { t[slices.Index(Buckets(), b)]++ }

// Of returns how many endpoints are in some buckets.
func (t *Tally) Of(some ...uptime.AuditBucket) int {
	n := 0
	for i, b := range Buckets() {
		if slices.Contains(some, b) {
			n += t[i]
		}
	}
	return n
}

// All returns how many endpoints are counted.
func (t *Tally) All() int { return t.Of(Buckets()...) }

func (t *Tally) plus(o Tally) Tally {
	out := *t
	for i := range out {
		out[i] += o[i]
	}
	return out
}

func (t *Tally) minus(o Tally) Tally {
	out := *t
	for i := range out {
		out[i] -= o[i]
	}
	return out
}

// healthy returns the buckets of endpoints that work.
func healthy() []uptime.AuditBucket {
	return []uptime.AuditBucket{uptime.BucketStable, uptime.BucketDrift}
}

// Healthy returns how many endpoints work.
func (t *Tally) Healthy() int { return t.Of(healthy()...) }

// Headline is one number for all, with what it means.
type Headline struct {
	ID          string `json:"id"` // strict, lenient or unknown
	Name        string `json:"name"`
	Definition  string `json:"definition"`
	Numerator   int    `json:"numerator"`
	Denominator int    `json:"denominator"`
	// Percent is null when the denominator is 0. Low and High are the ends of the
	// 95 % Wilson interval; null unless a sample was drawn.
	Percent *float64 `json:"percent"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
}

// Share returns the percentage as the report writes it: "9.0 %", "< 0.1 %", and a
// dash of nothing.
func (h Headline) Share() string { return percentage(h.Percent) }

// Interval returns the 95 % interval in words; empty when all were counted.
func (h Headline) Interval() string { return interval(h.Low, h.High) }

// headlines returns the strict and the lenient headline and the unknown share.
func headlines(t *Tally, sample bool) []Headline {
	n := t.All()
	undecided := t.Of(uptime.BucketLimited, uptime.BucketUnknown)
	well := t.Healthy() + t.Of(uptime.BucketRegional, uptime.BucketCredentialed, uptime.BucketAuthProper)
	out := []Headline{
		{ID: "strict", Name: "Healthy, strictly", Definition: "healthy, stable or with drift, of all endpoints that are counted", Numerator: t.Healthy(), Denominator: n},
		{
			ID: "lenient", Name: "Working, leniently",
			Definition: "healthy, regionally degraded, healthy for strangers while a published token fails, or behind a proper sign-in, of all endpoints without those that nobody can probe (not an address) and those that we could not judge (limited or blocked, unknown)",
			Numerator:  well, Denominator: n - undecided - t.Of(uptime.BucketTemplated),
		},
		{ID: "unknown", Name: "Not judged", Definition: "limited or blocked, and unknown, of all endpoints that are counted", Numerator: undecided, Denominator: n},
	}
	for i := range out {
		h := &out[i]
		h.Percent = percent(h.Numerator, h.Denominator)
		if sample && h.Denominator > 0 {
			h.Low, h.High = wilson(h.Numerator, h.Denominator)
		}
	}
	return out
}

// percent returns a share in per cent, nil of nothing. Only none is 0, and only all
// is 100.
func percent(n, of int) *float64 {
	if of == 0 {
		return nil
	}
	p := rounded(100 * float64(n) / float64(of))
	if n > 0 && n < of {
		*p = min(max(*p, 0.01), 99.99)
	}
	return p
}

// rounded leaves six decimals: so few that every machine comes to the same, and so
// many that what is rounded once more for people, to one, is right of any hundred
// thousand endpoints.
func rounded(f float64) *float64 {
	f = math.Round(f*1e6) / 1e6
	return &f
}

// wilson returns the ends of the 95 % score interval of Wilson (1927), in per
// cent. It holds for any number of successes, also none.
func wilson(n, of int) (low, high *float64) {
	const z = 1.959964
	p, d := float64(n)/float64(of), float64(of)
	middle := (p + z*z/(2*d)) / (1 + z*z/d)
	half := z / (1 + z*z/d) * math.Sqrt(p*(1-p)/d+z*z/(4*d*d))
	return rounded(100 * max(0, middle-half)), rounded(100 * min(1, middle+half))
}
