package probe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// health grades what a health document says; a greater value is worse.
type health uint8

const (
	healthUnsaid health = iota
	healthGood
	healthDegraded
	healthFailing
)

// Bounds of the search for integrations in a health document.
const (
	maxHealthDepth = 4
	maxHealthNamed = 5 // integrations named in a detail
	maxHealthParts = 256
)

// judgeHealth judges the answer of an owner's health URL. HTTP 503 and every
// other status outside 2xx is failing. A JSON body with a status decides, also
// with HTTP 200; integrations that it lists are named in the detail. A status
// that says good above an integration that fails is degraded. A body that is no
// JSON is good unless hc.Expect says otherwise. degradedOnly is set only when ok
// is not.
func judgeHealth(hc uptime.HealthCheck, status int, body []byte, took time.Duration) (ok, degradedOnly bool, detail string) {
	grade, said := readHealth(body)
	if status < 200 || status > 299 {
		return false, false, clipText(statusWords(status)+said, maxDetail)
	}
	if len(hc.Expect) > 0 {
		if held, detail := checkAssertions(hc.Expect, bodyAnswer(body, took)); !held {
			return false, false, detail
		}
	}
	switch grade {
	case healthFailing:
		return false, false, clipText("reports that it is failing"+said, maxDetail)
	case healthDegraded:
		return false, true, clipText("reports that it is degraded"+said, maxDetail)
	default:
		return true, false, ""
	}
}

func statusWords(status int) string {
	switch {
	case status == 503:
		return "answers HTTP 503: failing"
	case status >= 300 && status < 400:
		return fmt.Sprintf("answers HTTP %d, a redirect: give the address that it leads to", status)
	}
	return fmt.Sprintf("answers HTTP %d, expected 2xx", status)
}

// readHealth grades a JSON document and names its bad parts.
func readHealth(body []byte) (health, string) {
	v, err := decodeJSON(body)
	doc, isObject := v.(map[string]any)
	if err != nil || !isObject {
		return healthUnsaid, ""
	}
	overall := max(wordHealth(member(doc, "status")), flagHealth(doc))
	parts := &healthParts{}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if healthContainer(name) {
			parts.list("", doc[name], 1)
		} else if overall == healthUnsaid && !strings.HasSuffix(strings.ToLower(name), "level") {
			parts.one(name, doc[name], 1)
		}
	}
	grade := parts.worst
	if overall == healthGood {
		grade = min(grade, healthDegraded)
	}
	return max(overall, grade), parts.words()
}

// flagHealth reads the members that say it with true and false.
func flagHealth(doc map[string]any) health {
	grade := healthUnsaid
	for _, name := range []string{"ok", "healthy", "success"} {
		if flag, ok := member(doc, name).(bool); ok {
			grade = max(grade, boolHealth(flag))
		}
	}
	return grade
}

func boolHealth(good bool) health {
	if good {
		return healthGood
	}
	return healthFailing
}

// member finds a member whatever the case of its name.
func member(doc map[string]any, name string) any {
	if v, ok := doc[name]; ok {
		return v
	}
	for _, k := range slices.Sorted(maps.Keys(doc)) {
		if strings.EqualFold(k, name) {
			return doc[k]
		}
	}
	return nil
}

// healthContainer says that a member lists integrations by name.
func healthContainer(name string) bool {
	switch strings.ToLower(name) {
	case "checks", "components", "details", "services", "dependencies", "integrations", "entries", "results", "info":
		return true
	}
	return false
}

// wordHealth grades the words in use for a status.
func wordHealth(v any) health {
	word, _ := v.(string)
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "ok", "pass", "passed", "passing", "up", "healthy", "good", "green", "alive", "live", "ready", "operational", "available", "success":
		return healthGood
	case "degraded", "warn", "warning", "partial", "yellow", "degraded_performance", "partial_outage":
		return healthDegraded
	case "fail", "failed", "failing", "failure", "down", "error", "unhealthy", "critical", "red", "unavailable",
		"outage", "major_outage", "dead", "out_of_service", "not_ready", "unreachable", "disconnected":
		return healthFailing
	}
	return healthUnsaid
}

// healthParts gathers what integrations say.
type healthParts struct {
	worst health
	bad   map[string]string // name and word of those that are not good
	seen  int
}

// list looks at each integration of a map by name, or of an array.
func (p *healthParts) list(name string, v any, depth int) {
	if depth > maxHealthDepth {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p.one(joinName(name, k), v[k], depth+1)
			if flag, ok := v[k].(bool); ok {
				p.add(joinName(name, k), fmt.Sprint(flag), boolHealth(flag))
			}
		}
	case []any:
		for _, child := range v {
			p.one(name, child, depth+1)
		}
	}
}

// one looks at an integration: a word, an object with a status, or several.
func (p *healthParts) one(name string, v any, depth int) {
	if depth > maxHealthDepth {
		return
	}
	switch v := v.(type) {
	case string:
		p.add(name, v, wordHealth(v))
	case []any:
		p.list(name, v, depth)
	case map[string]any:
		p.object(name, v, depth)
	}
}

func (p *healthParts) object(name string, v map[string]any, depth int) {
	if own, ok := member(v, "name").(string); ok && own != "" {
		name = own
	}
	if word, ok := member(v, "status").(string); ok {
		p.add(name, word, wordHealth(word))
	}
	p.add(name, "false", flagHealth(v))
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if healthContainer(k) {
			p.list(name, v[k], depth+1)
		}
	}
}

func (p *healthParts) add(name, word string, grade health) {
	if p.seen++; p.seen > maxHealthParts {
		return
	}
	p.worst = max(p.worst, grade)
	if grade < healthDegraded {
		return
	}
	if p.bad == nil {
		p.bad = map[string]string{}
	}
	p.bad[clipText(name, 40)] = clipText(word, 20)
}

// words names the parts that are not good, in the order of their names.
func (p *healthParts) words() string {
	var said []string
	for _, name := range slices.Sorted(maps.Keys(p.bad)) {
		said = append(said, strings.TrimSpace(name+" is "+p.bad[name]))
	}
	if len(said) == 0 {
		return ""
	}
	if more := len(said) - maxHealthNamed; more > 0 {
		said = append(said[:maxHealthNamed], fmt.Sprintf("and %d more", more))
	}
	return ": " + strings.Join(said, ", ")
}

func joinName(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}
