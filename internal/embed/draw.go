package embed

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Height is that of every badge, in pixels.
const Height = 20

// Measures of a badge, in pixels.
const (
	badgePad  = 7  // at both ends of a part
	badgeMark = 14 // the state's sign and the room after it
)

// Badge is what a badge says.
type Badge struct {
	label, value string
	// level chooses colour and sign. Numbers have a level too.
	level uptime.State
	// Title is the sentence for who cannot see it or points at it; any text.
	Title string
}

// Width is that of the drawn badge in pixels: pages reserve the room.
func (b Badge) Width() int { return b.labelWidth() + b.valueWidth() }

func (b Badge) labelWidth() int { return 2*badgePad + textWidth(b.label) }

func (b Badge) valueWidth() int { return 2*badgePad + badgeMark + textWidth(b.value) }

// svg draws the badge. The picture stands alone, wherever it is put: own
// background in every part, so that it reads on white and on black; presentation
// attributes only, so that no policy forbids them; no script, no font, no link.
func (b Badge) svg(style Style) []byte {
	var out strings.Builder
	title := escapeXML(b.Title)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%s">`+
		`<title>%[3]s</title>`, b.Width(), Height, title)
	if style == StylePill {
		b.drawPill(&out)
	} else {
		b.drawFlat(&out)
	}
	out.WriteString("</svg>\n")
	return []byte(out.String())
}

// drawFlat draws two coloured rectangles side by side, with round outer corners.
func (b Badge) drawFlat(out *strings.Builder) {
	split, end := b.labelWidth(), b.Width()
	fmt.Fprintf(out, `<path fill="#3a424d" d="M3 0H%dV20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>`, split)
	fmt.Fprintf(out, `<path fill="%s" d="M%d 0H%da3 3 0 0 1 3 3V17a3 3 0 0 1-3 3H%[2]dz"/>`, flatColour(b.level), split, end-3)
	drawMark(out, b.level, split+badgePad, "#fff")
	out.WriteString(badgeFont)
	drawText(out, b.label, badgePad, "#fff")
	drawText(out, b.value, split+badgePad+badgeMark, "#fff")
	out.WriteString("</g>")
}

// drawPill draws one dark capsule with a hair line, a bright sign, and both
// texts.
func (b Badge) drawPill(out *strings.Builder) {
	bright := pillColour(b.level)
	fmt.Fprintf(out, `<rect x=".5" y=".5" width="%d" height="19" rx="9.5" fill="#1d232b" stroke="#505a66"/>`, b.Width()-1)
	drawMark(out, b.level, badgePad+1, bright)
	out.WriteString(badgeFont)
	drawText(out, b.label, badgePad+badgeMark+1, "#b4bdc7")
	drawText(out, b.value, b.Width()-badgePad-2-textWidth(b.value), "#fff")
	out.WriteString("</g>")
}

const badgeFont = `<g font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-rendering="geometricPrecision" aria-hidden="true">`

func drawText(out *strings.Builder, text string, x int, fill string) {
	fmt.Fprintf(out, `<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="%s">%s</text>`,
		x, textWidth(text), fill, escapeXML(text))
}

// drawMark draws the sign of a state, ten pixels wide: a dot, a triangle, a
// barred square or a ring, as on the pages. Nobody needs to tell green from red.
func drawMark(out *strings.Builder, level uptime.State, x int, fill string) {
	switch level {
	case uptime.Live:
		fmt.Fprintf(out, `<circle cx="%d" cy="10" r="4" fill="%s"/>`, x+5, fill)
	case uptime.Degraded:
		fmt.Fprintf(out, `<path fill="%s" d="M%d 5.5l5 9h-10z"/>`, fill, x+5)
	case uptime.Down:
		fmt.Fprintf(out, `<path fill="%s" fill-rule="evenodd" d="M%d 5.5h9v9h-9zm2 3.5v2h5v-2z"/>`, fill, x)
	default:
		fmt.Fprintf(out, `<circle cx="%d" cy="10" r="3.4" fill="none" stroke="%s" stroke-width="1.8"/>`, x+5, fill)
	}
}

// flatColour is a background that white text of 11 px can be read on (contrast
// 4.5:1 and more).
func flatColour(level uptime.State) string {
	switch level {
	case uptime.Live:
		return "#1a7f45"
	case uptime.Degraded:
		return "#986000"
	case uptime.Down:
		return "#c22f2f"
	default:
		return "#646d78"
	}
}

// pillColour is a sign's colour on the dark capsule.
func pillColour(level uptime.State) string {
	switch level {
	case uptime.Live:
		return "#3fcf7f"
	case uptime.Degraded:
		return "#f2b33d"
	case uptime.Down:
		return "#ff7b72"
	default:
		return "#a3adb8"
	}
}

// escapeXML makes any text fit for an element or an attribute; what XML cannot
// hold becomes U+FFFD.
func escapeXML(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a builder does not fail
	return out.String()
}
