package jsm

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of the alert API, in characters.
const (
	maxMessage     = 130
	maxAlias       = 512
	maxDescription = 15000
	maxNote        = 15000 // 25000 are allowed
	maxTags        = 20
	maxTag         = 50
	maxEntity      = 512
	maxDetail      = 1000 // 8000 are allowed for all together
)

// alert is the body that creates one.
type alert struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Details     map[string]string `json:"details,omitempty"`
	Entity      string            `json:"entity,omitempty"`
	Source      string            `json:"source"`
	Priority    string            `json:"priority"`
}

// note is the body of acknowledging, closing and noting.
type note struct {
	Note   string `json:"note"`
	Source string `json:"source"`
	User   string `json:"user"`
}

func (s *Sink) alert(n *uptime.Notice, alias string) alert {
	a := alert{
		Message: cut(cmp.Or(clean(n.Title), string(n.Type)), maxMessage), Alias: alias,
		Description: cut(strings.Join(text(n), "\n\n"), maxDescription),
		Tags:        s.tagsOf(n), Details: details(n), Source: "AliveMCP", Priority: priority(n),
	}
	if len(n.Servers) > 0 {
		a.Entity = cut(clean(n.Servers[0].Slug), maxEntity)
	}
	return a
}

func noteOf(n *uptime.Notice) note {
	said := strings.Join(append([]string{clean(n.Title)}, text(n)...), "\n\n")
	return note{Note: cut(said, maxNote), Source: "AliveMCP", User: "AliveMCP"}
}

// aliasOf is the notice's key; one that is too long is hashed.
func aliasOf(d *uptime.Delivery) string {
	key := cmp.Or(string(d.Notice.Key), string(d.Thread), string(d.ID))
	if utf8.RuneCountInString(key) <= maxAlias {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// priority is the notice's own; what is tested is the least urgent.
func priority(n *uptime.Notice) string {
	if n.Kind == uptime.AlertTest || n.Type == uptime.NoticeTest {
		return "P5"
	}
	return cmp.Or(n.Priority.String(), "P5")
}

func (s *Sink) tagsOf(n *uptime.Notice) []string {
	tags := []string{string(n.Kind), string(n.Reason)}
	for _, t := range s.tags {
		tags = append(tags, cut(clean(t), maxTag))
	}
	return slices.DeleteFunc(tags, func(t string) bool { return t == "" })
}

func details(n *uptime.Notice) map[string]string {
	all := map[string]string{
		"incident_key": string(n.Key), "failure_reason": string(n.Reason), "cause": string(n.Cause),
		"started": minute(n.Started), "regions": cut(clean(strings.Join(n.Regions, ", ")), maxDetail),
		"status_page": short(n.StatusPage), "runbook": short(n.RunbookURL),
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

// text is what a notice says below its title, as paragraphs.
func text(n *uptime.Notice) []string {
	var all []string
	add := func(before, what string) {
		if what != "" {
			all = append(all, before+what)
		}
	}
	add("", clean(n.Summary))
	add("First: ", clean(n.FirstStep))
	add("", servers(n))
	add("Taken on by ", clean(n.AckedBy))
	add("", links(n))
	return all
}

// servers lists those of a notice that has several.
func servers(n *uptime.Notice) string {
	if n.Total < 2 && len(n.Servers) < 2 {
		return ""
	}
	lines := []string{fmt.Sprintf("%d of %d servers fail:", n.Failing, n.Total)}
	for _, srv := range n.Servers {
		lines = append(lines, cut("- "+clean(srv.Name)+": "+srv.State+" since "+minute(srv.Since), maxDetail/4))
	}
	if n.More > 0 {
		lines = append(lines, fmt.Sprintf("- and %d more", n.More))
	}
	return strings.Join(lines, "\n")
}

// links are lines, for those who look at the alert. What is over needs nobody to
// take it on.
func links(n *uptime.Notice) string {
	all := [][2]string{{"Status page", n.StatusPage}, {"Runbook", n.RunbookURL}}
	if n.Phase != uptime.NoticeCloses {
		all = append(all, [2]string{"Acknowledge", n.AckURL}, [2]string{"Silence", n.SilenceURL})
	}
	var lines []string
	for _, l := range all {
		if strings.HasPrefix(l[1], "https://") || strings.HasPrefix(l[1], "http://") {
			lines = append(lines, l[0]+": "+l[1])
		}
	}
	return strings.Join(lines, "\n")
}

// minute is a time for people.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// short leaves out an address that is too long to be of use: a cut one leads
// nowhere.
func short(address string) string {
	if utf8.RuneCountInString(address) > maxDetail {
		return ""
	}
	return address
}

// clean makes one line of a text that others wrote.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
}

// cut shortens a text to so many characters, the last of which is an ellipsis.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
