package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pageOfDeliveries is how many deliveries a page of the list shows.
const pageOfDeliveries = 50

// deliveriesView is the list of deliveries, newest first.
type deliveriesView struct {
	deskPage
	Sinks    []string
	States   []choiceWord
	Sink     string
	State    uptime.DeliveryState
	Incident string
	Narrow   bool
	Rows     []deliveryRow
	// Older leads on, Newest back to the beginning; empty when there is nothing.
	Older, Newest string
}

// choiceWord is a value of a form and the word for it.
type choiceWord struct{ Key, Word string }

// deliveryRow is a delivery in a list.
type deliveryRow struct {
	ID, Href           string
	Created            draw.Moment // to the second, or for lists the clock
	Made               aging
	Event, Title       string
	Severity           string
	Sink, Story        string
	Mark, Word, Detail string
	Attempts           int
	Error              string
	// CanReplay is for those that were given up, CanRepeat for those that were sent.
	CanReplay, CanRepeat bool
}

func deliveryStates() []choiceWord {
	return []choiceWord{
		{string(uptime.DeliveryWaiting), "Waiting"},
		{string(uptime.DeliverySent), "Sent"},
		{string(uptime.DeliveryDead), "Given up"},
		{string(uptime.DeliverySuperseded), "Superseded"},
	}
}

// parseDeliveries reads an address.
func parseDeliveries(v url.Values) (q uptime.DeliveryQuery, err error) {
	q = uptime.DeliveryQuery{Sink: v.Get("sink"), State: uptime.DeliveryState(v.Get("state")), Thread: uptime.AlertKey(strings.TrimSpace(v.Get("incident"))), Limit: pageOfDeliveries + 1}
	known := slices.ContainsFunc(deliveryStates(), func(c choiceWord) bool { return c.Key == string(q.State) })
	if q.State != "" && !known {
		return q, fmt.Errorf("%w: no such state %q", uptime.ErrInvalid, visible(q.State, 40))
	}
	if len(q.Sink) > maxSearch || len(q.Thread) > maxSearch {
		return q, fmt.Errorf("%w: a sink or incident of more than %d bytes", uptime.ErrInvalid, maxSearch)
	}
	at, id, err := parseCursor(v.Get("after"))
	q.Before, q.BeforeID = at, uptime.DeliveryID(id)
	return q, err
}

func (s *Site) deliveriesPage(w http.ResponseWriter, r *http.Request, by string) error {
	q, err := parseDeliveries(r.URL.Query())
	if err != nil {
		return err
	}
	all, err := s.opt.Alarms.Deliveries(r.Context(), s.opt.Tenant, q)
	if err != nil {
		return fmt.Errorf("reading the deliveries: %w", err)
	}
	v := deliveriesView{deskPage: s.deskPageOf(r, by), States: deliveryStates(), Sink: q.Sink, State: q.State, Incident: string(q.Thread)}
	v.Narrow = q.Sink != "" || q.State != "" || q.Thread != ""
	if v.Sinks, err = s.sinkNames(r, q.Sink); err != nil {
		return err
	}
	v.Rows = rowsOf(all[:min(len(all), pageOfDeliveries)], s.opt.Now().UTC())
	v.page(r, all)
	return s.showDesk(w, r, http.StatusOK, "deliveries.html", "Deliveries", v)
}

// page finds the pages before and after.
func (v *deliveriesView) page(r *http.Request, all []uptime.Delivery) {
	h := hereOf(r, "sink", "state", "incident")
	if len(all) > pageOfDeliveries {
		last := all[pageOfDeliveries-1]
		h.query.Set("after", strconv.FormatInt(last.Created.UnixNano(), 10)+"."+string(last.ID))
		v.Older = h.path + "?" + h.query.Encode()
		h.query.Del("after")
	}
	if r.URL.Query().Get("after") != "" {
		v.Newest = h.path + "?" + h.query.Encode()
	}
}

// sinkNames are the sinks that a list can be narrowed to; the chosen one is
// among them.
func (s *Site) sinkNames(r *http.Request, chosen string) ([]string, error) {
	all, err := s.opt.Alarms.Sinks(r.Context(), s.opt.Tenant)
	if err != nil {
		return nil, fmt.Errorf("reading the sinks: %w", err)
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
	}
	return names, nil
}

func rowsOf(all []uptime.Delivery, now time.Time) []deliveryRow {
	out := make([]deliveryRow, len(all))
	for i := range all {
		out[i] = rowOf(&all[i], now)
	}
	return out
}

func rowOf(d *uptime.Delivery, now time.Time) deliveryRow {
	row := deliveryRow{
		ID: string(d.ID), Href: "/operator/deliveries/" + url.PathEscape(string(d.ID)), Created: draw.Clock(d.Created, now), Made: agingOf(d.Created, now),
		Event: string(d.Notice.Type), Title: visible(d.Notice.Title, 120), Severity: d.Notice.Priority.String(),
		Sink: sinkWords(d.Sink), Story: storyPath(d.Thread), Attempts: d.Attempts,
		CanReplay: d.State == uptime.DeliveryDead, CanRepeat: d.State == uptime.DeliverySent,
	}
	if d.State != uptime.DeliverySent {
		row.Error = upperFirst(visible(d.Error))
	}
	row.Mark, row.Word, row.Detail = deliveryState(d, now)
	return row
}

// sinkWords names a sink; subscribers have no name that an operator would know.
func sinkWords(sink string) string {
	if id, ok := strings.CutPrefix(sink, "sub_"); ok {
		return "subscriber " + visible(id[:min(6, len(id))])
	}
	return visible(sink, 60)
}

// storyPath is where it is told what happened to an alert.
func storyPath(key uptime.AlertKey) string {
	if key == "" {
		return ""
	}
	return "/operator/alerts/" + url.PathEscape(string(key))
}

// deliveryState is how far a delivery is: its mark, a word, and when.
func deliveryState(d *uptime.Delivery, now time.Time) (mark, word, detail string) {
	switch {
	case d.State == uptime.DeliverySent:
		return "live", "Sent", took(d.Ended.Sub(d.Created))
	case d.State == uptime.DeliveryDead:
		return "down", "Given up", passed(d.Ended, now)
	case d.State == uptime.DeliverySuperseded:
		return "paused", "Superseded", "a later one says it better"
	case d.Trying:
		return "degraded", "Trying now", ""
	case d.Attempts > 0:
		return "degraded", "To be tried again", retryWords(d.Due, now)
	}
	return "new", "Waiting", retryWords(d.Due, now)
}

// took says how long a delivery was on its way.
func took(d time.Duration) string {
	if d < time.Second {
		return "at once"
	}
	return "after " + spellExact(d)
}

func retryWords(due, now time.Time) string {
	if in := remaining(due, now); in != "" {
		return in
	}
	return "in its turn"
}

// deliveryView is one delivery with the notice as it was said.
type deliveryView struct {
	deskPage
	Row     deliveryRow
	Attempt string
	Ended   draw.Moment
	Due     draw.Moment
	Trying  bool
	Place   string // in its thread at this sink
	Said    noticeView
}

// noticeView is a notice as it was said.
type noticeView struct {
	Mark, Title, Summary, FirstStep string
	Servers                         []noticeServer
	More                            int
	Page, Runbook                   string
	Signed                          bool // it has links that act
	AckedBy                         string
}

type noticeServer struct{ Name, Slug, State, Mark string }

func noticeOf(n *uptime.Notice) noticeView {
	v := noticeView{
		Mark: noticeMark(n), Title: visible(n.Title, 160), Summary: visible(n.Summary, 1000), FirstStep: visible(n.FirstStep, 500), More: n.More,
		Page: webLink(n.StatusPage), Runbook: webLink(n.RunbookURL), Signed: n.AckURL != "" || n.SilenceURL != "", AckedBy: visible(n.AckedBy, 60),
	}
	for _, s := range n.Servers {
		v.Servers = append(v.Servers, noticeServer{Name: visible(s.Name, 80), Slug: s.Slug, State: visible(s.State, 20), Mark: serverMark(s.State)})
	}
	return v
}

// placeWords say where in its thread a notice stands, at its sink.
func placeWords(d *uptime.Delivery) string {
	nth := fmt.Sprintf("notice %d of its thread", d.Transition)
	switch {
	case d.Notice.Phase == uptime.NoticeCloses:
		return nth + ", which ends it"
	case d.Notice.Phase == uptime.NoticeChanges:
		return nth + ", which replaces what was said before"
	case d.Transition > 1:
		return nth + ", which opens it again"
	}
	return nth
}

// noticeMark is the state that a notice tells of.
func noticeMark(n *uptime.Notice) string {
	switch {
	case n.Type == uptime.NoticeTest:
		return "new"
	case n.Phase == uptime.NoticeCloses || !n.Resolved.IsZero():
		return "live"
	case n.Kind == uptime.AlertIncident || n.Kind == uptime.AlertCluster || n.Kind == uptime.AlertSink:
		return "down"
	}
	return "degraded"
}

func serverMark(state string) string {
	switch state {
	case "recovered":
		return "live"
	case "down":
		return "down"
	}
	return "degraded"
}

func (s *Site) deliveryPage(w http.ResponseWriter, r *http.Request, by string) error {
	id, err := pathPart(r, "id")
	if err != nil {
		return err
	}
	d, err := s.opt.Alarms.Delivery(r.Context(), s.opt.Tenant, uptime.DeliveryID(id))
	if err != nil {
		return fmt.Errorf("reading delivery %q: %w", visible(id, 80), err)
	}
	now := s.opt.Now().UTC()
	v := deliveryView{
		deskPage: s.deskPageOf(r, by), Row: rowOf(&d, now), Attempt: board.Plural(d.Attempts, "attempt", "attempts"), Ended: draw.Exact(d.Ended),
		Trying: d.Trying, Place: placeWords(&d), Said: noticeOf(&d.Notice),
	}
	v.Row.Created, v.Row.Error = draw.Exact(d.Created), upperFirst(visible(d.Error))
	if d.State == uptime.DeliveryWaiting {
		v.Due = draw.Exact(d.Due)
	}
	if r.URL.Query().Get("did") == "replay" {
		v.Done = "It is sent once more, as soon as the sink's turn comes."
	}
	return s.showDesk(w, r, http.StatusOK, "delivery.html", "Delivery: "+v.Row.Title, v)
}

func (s *Site) replayDelivery(w http.ResponseWriter, r *http.Request, by string) error {
	id, err := pathPart(r, "id")
	if err != nil {
		return err
	}
	if err := s.opt.Alarms.ReplayDelivery(r.Context(), s.opt.Tenant, uptime.DeliveryID(id), by); err != nil {
		return fmt.Errorf("replaying delivery %q: %w", visible(id, 80), err)
	}
	http.Redirect(w, r, "/operator/deliveries/"+url.PathEscape(id)+"?did=replay", http.StatusSeeOther)
	return nil
}
