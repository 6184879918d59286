package statuspage

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// toldView answers "who was told, and why was I (not)?" of one alert.
type toldView struct {
	Key, Action string // Action is what its forms begin with
	Back        string
	Open        bool
	Severity    string
	// Sentence is the answer in short.
	Sentence string
	Acked    draw.Moment
	AckedBy  string
	Silences []silenceView
	Sinks    []toldSink
	Why      []decisionLine
	Lasts    []choiceWord
}

// toldSink is what one sink was told, oldest first.
type toldSink struct {
	Name, Mark, Word string
	Rows             []deliveryRow
}

// decisionLine is a decision of the router.
type decisionLine struct {
	At                  draw.Moment
	Stage, Sink         string // Sink names one or several
	Outcome, Sign, Text string
}

// linkLasts are how long one alert can be kept quiet.
func linkLasts() []choiceWord {
	return []choiceWord{{"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "24 hours"}}
}

// lastsOf reads one of linkLasts.
func lastsOf(text string) (time.Duration, error) {
	if !slices.ContainsFunc(linkLasts(), func(c choiceWord) bool { return c.Key == text }) {
		return 0, fmt.Errorf("%w: silence it for 1h, 4h or 24h", uptime.ErrInvalid)
	}
	return time.ParseDuration(text)
}

// told reads the story of an alert; nil when the router has never seen it.
func (s *Site) told(r *http.Request, key uptime.AlertKey) (*toldView, uptime.Story, error) {
	story, err := s.opt.Alarms.Story(r.Context(), s.opt.Tenant, key)
	if errors.Is(err, uptime.ErrNotFound) {
		return nil, story, nil
	}
	if err != nil {
		return nil, story, fmt.Errorf("reading who was told of %s: %w", key, err)
	}
	silences, err := s.opt.Alarms.Silences(r.Context(), s.opt.Tenant)
	if err != nil {
		return nil, story, fmt.Errorf("reading the silences: %w", err)
	}
	now := s.opt.Now().UTC()
	v := &toldView{
		Key: string(story.Alert.Key), Action: storyPath(story.Alert.Key), Back: r.URL.EscapedPath(), Open: story.Alert.Open(), Severity: story.Alert.Priority.String(),
		Acked: draw.Clock(story.Thread.Acked, now), AckedBy: visible(story.Thread.AckedBy, 60), Sinks: toldSinks(story.Deliveries, now), Lasts: linkLasts(),
	}
	for i := range silences {
		if k := silences[i].Alert; k != "" && (k == story.Alert.Key || k == story.Thread.Key) {
			v.Silences = append(v.Silences, s.silenceOf(&silences[i], now))
		}
	}
	v.Why = decisionsOf(story.Decisions)
	v.Sentence = toldSentence(v.Sinks)
	return v, story, nil
}

// toldSinks sorts deliveries by sink, in the order in which sinks were told.
func toldSinks(all []uptime.Delivery, now time.Time) []toldSink {
	var out []toldSink
	at := map[string]int{}
	for i := range all {
		row := rowOf(&all[i], now)
		n, known := at[all[i].Sink]
		if !known {
			n = len(out)
			at[all[i].Sink] = n
			out = append(out, toldSink{Name: row.Sink})
		}
		out[n].Rows = append(out[n].Rows, row)
		if all[i].State != uptime.DeliverySuperseded {
			out[n].Mark, out[n].Word = row.Mark, row.Word
		}
	}
	return out
}

func toldSentence(sinks []toldSink) string {
	var told, not []string
	for _, s := range sinks {
		if s.Mark == "live" || slices.ContainsFunc(s.Rows, func(r deliveryRow) bool { return r.CanRepeat }) {
			told = append(told, s.Name)
		} else {
			not = append(not, s.Name)
		}
	}
	switch {
	case len(sinks) == 0:
		return "Nobody was told."
	case len(told) == 0:
		return "Nobody has got it yet; it is on its way to " + board.Sentence(not) + "."
	case len(not) == 0:
		return "Told: " + board.Sentence(told) + "."
	}
	return "Told: " + board.Sentence(told) + ". Not reached: " + board.Sentence(not) + "."
}

// decisionsOf makes one line of what was decided alike for several sinks at once.
func decisionsOf(all []uptime.Decision) (out []decisionLine) {
	for i := 0; i < len(all); {
		line, sinks := decisionOf(&all[i]), []string{}
		first := all[i]
		for ; i < len(all); i++ {
			d := all[i]
			if !d.At.Equal(first.At) || d.Stage != first.Stage || d.Outcome != first.Outcome || d.Text != first.Text {
				break
			}
			if d.Sink != "" {
				sinks = append(sinks, sinkWords(d.Sink))
			}
		}
		line.Sink = strings.Join(sinks, ", ")
		out = append(out, line)
	}
	return out
}

func decisionOf(d *uptime.Decision) decisionLine {
	return decisionLine{
		At: draw.Exact(d.At), Stage: stageWord(d.Stage), Outcome: visible(d.Outcome, 20), Sign: outcomeSign(d.Outcome), Text: visible(d.Text, 400),
	}
}

// stageWord says what a stage of the router is about.
func stageWord(stage string) string {
	words := map[string]string{
		"match": "Rules", "classify": "Severity", "maintenance": "Maintenance", "correlate": "Common cause", "suppress": "Many tenants",
		"deduplicate": "Told before", "budget": "Budget", "route": "Who", "escalate": "Escalation", "deliver": "Delivery",
	}
	if w, ok := words[stage]; ok {
		return w
	}
	return visible(stage, 20)
}

// outcomeSign is the shape beside the word of an outcome.
func outcomeSign(outcome string) string {
	switch outcome {
	case "told":
		return "✓"
	case "joined":
		return "+"
	case "held", "waits":
		return "…"
	case "dropped", "stopped":
		return "✕"
	}
	return "·"
}

// alertView is the page of an alert that is no incident, or of any.
type alertView struct {
	deskPage
	What   string
	Detail string
	Mark   string
	Opened draw.Moment
	Ended  draw.Moment
	Page   string // of what it is about
	Told   *toldView
}

func (s *Site) alertPage(w http.ResponseWriter, r *http.Request, by string) error {
	key, err := pathPart(r, "key")
	if err != nil {
		return err
	}
	told, story, err := s.told(r, uptime.AlertKey(key))
	if err != nil {
		return err
	}
	if told == nil {
		return fmt.Errorf("%w: no alert %q", uptime.ErrNotFound, visible(key, 80))
	}
	now := s.opt.Now().UTC()
	v := alertView{
		deskPage: s.deskPageOf(r, by), What: kindWords(story.Alert.Kind), Detail: visible(story.Alert.Detail), Mark: "live",
		Opened: draw.Clock(story.Alert.Opened, now), Ended: draw.Clock(story.Alert.Resolved, now), Told: told,
	}
	if told.Open {
		v.Mark = noticeMark(&uptime.Notice{Kind: story.Alert.Kind})
	}
	if n := len(story.Deliveries); n > 0 {
		last := story.Deliveries[n-1].Notice
		v.What, v.Page = visible(last.Title, 160), webLink(last.StatusPage)
	}
	return s.showDesk(w, r, http.StatusOK, "alert.html", "Alert: "+v.What, v)
}

// kindWords says what kind of thing is wrong.
func kindWords(k uptime.AlertKind) string {
	words := map[uptime.AlertKind]string{
		uptime.AlertIncident: "A server is down", uptime.AlertDegraded: "A server is degraded", uptime.AlertDrift: "Tools changed",
		uptime.AlertTLS: "A certificate ends soon", uptime.AlertCredential: "A credential ends soon", uptime.AlertBurn: "An error budget burns",
		uptime.AlertSink: "A sink fails", uptime.AlertRegistry: "A registry cannot be read", uptime.AlertCluster: "Many tenants have one cause", uptime.AlertDigest: "The hourly digest", uptime.AlertTest: "A test",
	}
	if w, ok := words[k]; ok {
		return w
	}
	return "An alert"
}

// optionalNote reads a remark that may be empty.
func optionalNote(r *http.Request) (string, error) {
	text := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("note"), "\r\n", "\n"))
	if utf8.RuneCountInString(text) > maxNote {
		return "", fmt.Errorf("%w: at most %d characters", uptime.ErrInvalid, maxNote)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

func (s *Site) acknowledge(w http.ResponseWriter, r *http.Request, by string) error {
	key, err := pathPart(r, "key")
	if err != nil {
		return err
	}
	note, err := optionalNote(r)
	if err != nil {
		return err
	}
	if err := s.opt.Alarms.Acknowledge(r.Context(), s.opt.Tenant, uptime.AlertKey(key), by, note); err != nil {
		return fmt.Errorf("acknowledging %q: %w", visible(key, 80), err)
	}
	return s.back(w, r, storyPath(uptime.AlertKey(key)))
}

func (s *Site) silenceAlert(w http.ResponseWriter, r *http.Request, by string) error {
	key, err := pathPart(r, "key")
	if err != nil {
		return err
	}
	lasts, err := lastsOf(r.PostFormValue("lasts"))
	if err != nil {
		return err
	}
	note, err := optionalNote(r)
	if err != nil {
		return err
	}
	story, err := s.opt.Alarms.Story(r.Context(), s.opt.Tenant, uptime.AlertKey(key))
	if err != nil {
		return fmt.Errorf("silencing %q: %w", visible(key, 80), err)
	}
	now := s.opt.Now().UTC()
	silence := uptime.Silence{ID: newSilenceID(), Tenant: s.opt.Tenant, Alert: story.Alert.Key, From: now, Until: now.Add(lasts), By: by, Note: note}
	if err := s.opt.Alarms.PutSilence(r.Context(), silence); err != nil {
		return fmt.Errorf("silencing %q: %w", visible(key, 80), err)
	}
	return s.back(w, r, storyPath(uptime.AlertKey(key)))
}
