package jsm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/card"
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
		Message: card.CutRunes(cmp.Or(card.Line(n.Title), string(n.Type)), maxMessage), Alias: alias,
		Description: card.CutRunes(strings.Join(text(n), "\n\n"), maxDescription),
		Tags:        s.tagsOf(n), Details: details(n), Source: "AliveMCP", Priority: priority(n),
	}
	if len(n.Servers) > 0 {
		a.Entity = card.CutRunes(card.Line(n.Servers[0].Slug), maxEntity)
	}
	return a
}

func noteOf(n *uptime.Notice) note {
	said := strings.Join(append([]string{card.Line(n.Title)}, text(n)...), "\n\n")
	return note{Note: card.CutRunes(said, maxNote), Source: "AliveMCP", User: "AliveMCP"}
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
		tags = append(tags, card.CutRunes(card.Line(t), maxTag))
	}
	return slices.DeleteFunc(tags, func(t string) bool { return t == "" })
}

func details(n *uptime.Notice) map[string]string {
	all := map[string]string{
		"incident_key": string(n.Key), "failure_reason": string(n.Reason), "cause": string(n.Cause),
		"started": card.Minute(n.Started), "regions": card.CutRunes(card.Line(strings.Join(n.Regions, ", ")), maxDetail),
		"status_page": card.URL(n.StatusPage), "runbook": card.URL(n.RunbookURL),
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
	add("", card.Line(n.Summary))
	add("First: ", card.Line(n.FirstStep))
	add("", servers(n))
	add("Taken on by ", card.Line(n.AckedBy))
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
		lines = append(lines, card.CutRunes("- "+card.Line(srv.Name)+": "+srv.State+" since "+card.Minute(srv.Since), maxDetail/4))
	}
	if n.More > 0 {
		lines = append(lines, fmt.Sprintf("- and %d more", n.More))
	}
	return strings.Join(lines, "\n")
}

// links are lines, for those who look at the alert.
func links(n *uptime.Notice) string {
	var lines []string
	for _, l := range card.Links(n) {
		lines = append(lines, l.Label+": "+l.URL)
	}
	return strings.Join(lines, "\n")
}
