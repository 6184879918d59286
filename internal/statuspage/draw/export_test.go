package draw

// Aligned returns both sides before equal lines are left out.
func Aligned(old, now []string) (left, right []string) {
	for _, p := range join(align(old, now)) {
		if p.HasOld {
			left = append(left, plain(p.Old))
		}
		if p.HasNew {
			right = append(right, plain(p.New))
		}
	}
	return left, right
}

func plain(spans []Part) string {
	s := ""
	for _, p := range spans {
		s += p.Text
	}
	return s
}
