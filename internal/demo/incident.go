package demo

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Incidents returns the incidents that the invented days before today hold,
// with their timelines, oldest first.
func (r Role) Incidents(srv *uptime.Server, today uptime.Day, regions []string) ([]uptime.Incident, []uptime.IncidentEvent) {
	var incidents []uptime.Incident
	var events []uptime.IncidentEvent
	for _, s := range r.spells {
		if s.state != uptime.Down || s.planned || s.ago == 0 || s.ago > r.Age {
			continue
		}
		i, line := s.incident(srv, today, regions)
		incidents, events = append(incidents, i), append(events, line...)
	}
	return incidents, events
}

// incident tells a spell as an incident.
func (s spell) incident(srv *uptime.Server, today uptime.Day, regions []string) (uptime.Incident, []uptime.IncidentEvent) {
	begin := (today - uptime.Day(s.ago)).Time().Add(time.Duration(s.at) * time.Minute)
	end := begin.Add(time.Duration(s.long) * time.Minute)
	i := uptime.Incident{
		ID: uptime.NewIncidentID(srv.Tenant, srv.ID, begin), Tenant: srv.Tenant, Server: srv.ID,
		Opened: begin, Detected: begin.Add(17 * time.Second),
		Recovered: end, Closed: end.Add(61 * time.Second),
		Failure: uptime.Failure{Cause: s.cause, Step: stepOf(s.cause), Detail: detailOf(s.cause), Effect: uptime.Down},
		Regions: regions, Demo: true,
	}
	line := []uptime.IncidentEvent{
		{
			Incident: i.ID, At: i.Detected, Kind: uptime.IncidentOpened, Cause: s.cause, Regions: regions,
			Text: fmt.Sprintf("%d regions failed three times each: %s.", len(regions), detailOf(s.cause)),
		},
		{Incident: i.ID, At: end.Add(time.Second), Kind: uptime.IncidentRecovery, Text: "The first good verdict."},
		{Incident: i.ID, At: i.Closed, Kind: uptime.IncidentResolved, Text: "Two good verdicts in a row."},
	}
	return i, line
}

func stepOf(c uptime.Cause) uptime.Step {
	switch c { //nolint:exhaustive // the causes of the story
	case uptime.TLSExpired:
		return uptime.StepTLS
	case uptime.ConnectTimeout:
		return uptime.StepTCP
	case uptime.BadJSON:
		return uptime.StepTools
	}
	return uptime.StepInitialize
}

func detailOf(c uptime.Cause) string {
	switch c { //nolint:exhaustive // the causes of the story
	case uptime.TLSExpired:
		return "the certificate has expired"
	case uptime.ConnectTimeout:
		return "nobody answered the connection"
	case uptime.BadJSON:
		return "the answer breaks off in the middle of the JSON"
	case uptime.SSENoAnswer:
		return "the stream stays silent"
	}
	return "the server answered 503"
}
