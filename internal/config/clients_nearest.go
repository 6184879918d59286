package config

// nearest returns the name that a field is probably a typing error of: one
// edit away, or two for names of six letters and more. Empty for none.
func nearest(field string, names []string) string {
	best, least := "", 3
	if len(field) > maxShownLength {
		return ""
	}
	for _, name := range names {
		d := distance(field, name)
		if d > 1 && len(name) < 6 {
			continue
		}
		if d < least || d == least && name < best {
			best, least = name, d
		}
	}
	return best
}

// distance counts the insertions, deletions and substitutions between a and b
// (Levenshtein), with a swap of neighbours as one.
func distance(a, b string) int {
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
