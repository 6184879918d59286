package drift

import (
	"cmp"
	"slices"
	"strings"
)

// maxPairs bounds how many pairs are tried when renamed things are looked for.
const maxPairs = 40_000

// match pairs the numbers below n with those below m, the best score first and
// each number once. Pairs that score 0 do not match; of equal ones the first
// wins.
func match(n, m int, score func(i, j int) float64) map[int]int {
	type pair struct {
		i, j  int
		score float64
	}
	if n*m > maxPairs {
		return nil
	}
	var pairs []pair
	for i := range n {
		for j := range m {
			if s := score(i, j); s > 0 {
				pairs = append(pairs, pair{i, j, s})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	chosen, taken := map[int]int{}, map[int]bool{}
	for _, p := range pairs {
		if _, ok := chosen[p.i]; !ok && !taken[p.j] {
			chosen[p.i], taken[p.j] = p.j, true
		}
	}
	return chosen
}

// paired reports whether j was chosen for any number.
func paired(pairs map[int]int, j int) bool {
	for _, k := range pairs {
		if k == j {
			return true
		}
	}
	return false
}

// alike returns how much two texts have in common, from 0 to 1: the share of
// the pairs of letters that both have.
func alike(a, b string) float64 {
	if a == b {
		return 1
	}
	first, second := bigrams(a), bigrams(b)
	if len(first)+len(second) == 0 {
		return 0
	}
	common := 0
	for pair := range first {
		if second[pair] {
			common++
		}
	}
	return 2 * float64(common) / float64(len(first)+len(second))
}

func bigrams(s string) map[string]bool {
	s = strings.ToLower(s[:min(len(s), 1000)])
	out := map[string]bool{}
	for i := 0; i+1 < len(s); i++ {
		out[s[i:i+2]] = true
	}
	return out
}
