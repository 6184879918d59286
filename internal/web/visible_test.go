package web_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/web"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"Weather":                             "Weather",
		"  two\n\tlines  ":                    "two lines",
		"a\u202eb\u202c":                      "a⟨U+202E⟩b⟨U+202C⟩",
		"pay\u200bpal":                        "pay⟨U+200B⟩pal",
		"\x1b[31mred":                         "⟨U+001B⟩[31mred",
		"soft\u00adhyphen \ufeff":             "soft⟨U+00AD⟩hyphen ⟨U+FEFF⟩",
		"\U0001F469\u200d\U0001F467":          "\U0001F469\u200d\U0001F467",
		"\u2764\ufe0f":                        "\u2764\ufe0f",
		"a\ufe0f":                             "a⟨U+FE0F⟩",
		"Z\u0351\u036b\u0343\u036a\u0302algo": "Z\u0351\u036balgo",
		"\xff":                                "\ufffd",
		"<script>":                            "<script>", // escaping is for the template
		"東京":                                  "東京",
		"blank\u2800braille \u3164filler":     "blank⟨U+2800⟩braille ⟨U+3164⟩filler",
		"tag\U000E0041":                       "tag⟨U+E0041⟩",
	} {
		if got := web.Visible(in, 80); got != want {
			t.Errorf("Visible(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

func TestVisibleCuts(t *testing.T) {
	for in, want := range map[string]string{"123456": "123456", "1234567": "12345…", "éééééééé": "ééééé…", "1234 67": "1234…"} {
		if got := web.Visible(in, 6); got != want {
			t.Errorf("Visible(%q, 6) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, seed := range []string{"", "plain", "\u202e\u2066x", "\xff\xfe", strings.Repeat("\u0301", 300), "\U0001F469\u200d\u200d"} {
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + abs(limit)%200
		got := web.Visible(s, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit*10 {
			t.Fatalf("Visible(%q, %d) = %q", s, limit, got)
		}
		for _, r := range got {
			if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) {
				t.Fatalf("Visible(%+q) keeps %U", s, r)
			}
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func TestMixed(t *testing.T) {
	for in, want := range map[string]bool{"apple": false, "\u0430pple": true, "Яндекс search": false, "αβγ": false, "p\u03bf": true} {
		if got := web.Mixed(in); got != want {
			t.Errorf("Mixed(%q) = %v", in, got)
		}
	}
}
