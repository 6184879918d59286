package embed

// textWidth is how wide s is in Verdana or DejaVu Sans at 11 px, in pixels,
// rounded up. Badges tell the browser this width (textLength), so that another
// font is squeezed into its place instead of being clipped.
func textWidth(s string) int {
	tenths := 0
	for _, r := range s {
		tenths += advance(r)
	}
	return (tenths + 9) / 10
}

// advance is the width of one character at 11 px in tenths of a pixel. What the
// table does not know is as wide as the widest.
func advance(r rune) int {
	const first, widest = ' ', 110
	widths := [...]uint8{
		35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, // space to /
		70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92, 92, 92, 58, // 0 to ?
		110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, // @ to O
		66, 87, 76, 70, 67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55, // P to _
		55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, // ` to o
		70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37, 70, 92, // p to ~
	}
	if i := int(r) - first; i >= 0 && i < len(widths) {
		return int(widths[i])
	}
	return widest
}
