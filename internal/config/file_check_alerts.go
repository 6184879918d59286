package config

import (
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of alerts.
const (
	maxRules      = 500
	maxSteps      = 20
	maxHours      = 50
	maxThresholds = 10
	maxHeartbeats = 20
)

func (d *decoder) checkAlerts() {
	a := &d.f.Alerts
	if a.Remind > 0 && a.Remind < 5*time.Minute {
		d.add(d.of(&a.Remind), SeverityError, "here must be 5m at least, or 0s for never")
	}
	d.checkThresholds(&a.TLS)
	d.checkThresholds(&a.Credential)
	d.checkRules()
	d.checkMail()
	d.checkSubscriptions()
	d.checkHeartbeats()
}

// checkThresholds sorts times before an expiry, the greatest first.
func (d *decoder) checkThresholds(list *[]time.Duration) {
	slices.Sort(*list)
	slices.Reverse(*list)
	*list = slices.Compact(*list)
	if len(*list) > maxThresholds {
		d.add(d.of(list), SeverityError, "there are %d times, the most is %d", len(*list), maxThresholds)
	}
}

func (d *decoder) checkRules() {
	a := &d.f.Alerts
	if len(a.Rules) > maxRules {
		d.add(d.of(&a.Rules), SeverityError, "there are %d rules, the most is %d", len(a.Rules), maxRules)
		return
	}
	var sinks []string
	for i := range d.f.Sinks {
		sinks = append(sinks, d.f.Sinks[i].Name)
	}
	slices.Sort(sinks)
	slugs, groups := d.namesOf()
	named, first := map[string]bool{}, map[string]place{}
	for i := range a.Rules {
		r := &a.Rules[i]
		d.checkRuleName(r, i, first)
		d.checkNames(r.Servers, slugs, "server")
		d.checkNames(r.Groups, groups, "group")
		d.checkHours(r)
		d.checkTold(r, sinks, named)
	}
	d.warnUnnamed(named)
}

// checkRuleName gives a rule without a name its number.
func (d *decoder) checkRuleName(r *Rule, i int, first map[string]place) {
	at := d.of(&r.Name, r)
	if r.Name == "" {
		r.Name = "rule " + strconv.Itoa(i+1)
	}
	if before, ok := first[r.Name]; ok {
		d.add(at, SeverityError, "a rule of this name stands in line %d already; give each its own", before.line)
	}
	if len(r.Name) > 100 || strings.ContainsAny(r.Name, "\n\t") {
		d.add(at, SeverityError, "here must be one line of at most 100 bytes")
	}
	first[r.Name] = at
}

func (d *decoder) checkHours(r *Rule) {
	if len(r.Hours) > maxHours {
		d.add(d.of(&r.Hours), SeverityError, "there are %d hours, the most is %d", len(r.Hours), maxHours)
		return
	}
	for i, text := range r.Hours {
		h, err := parseHours(text)
		if err != nil {
			d.add(d.of(&r.Hours[i]), SeverityError, "%v", err)
			continue
		}
		r.hours = append(r.hours, h)
	}
}

// checkTold wants a rule to tell somebody, later steps after earlier ones, and
// remembers whom it names.
func (d *decoder) checkTold(r *Rule, sinks []string, named map[string]bool) {
	if len(r.Sinks) == 0 && len(r.Escalate) == 0 {
		d.add(d.of(&r.Sinks, r), SeverityError, "the rule tells nobody; add sinks: [NAME]")
	}
	if len(r.Escalate) > maxSteps {
		d.add(d.of(&r.Escalate), SeverityError, "there are %d steps, the most is %d", len(r.Escalate), maxSteps)
	}
	d.checkNames(r.Sinks, sinks, "sink")
	note(named, r.Sinks)
	for i := range r.Escalate {
		e := &r.Escalate[i]
		d.checkNames(e.Sinks, sinks, "sink")
		note(named, e.Sinks)
		switch {
		case len(e.Sinks) == 0 && d.wrote(&e.Sinks):
			d.add(d.of(&e.Sinks), SeverityError, "the step tells nobody; add sinks: [NAME]")
		case i > 0 && e.After <= r.Escalate[i-1].After:
			d.add(d.of(&e.After), SeverityError, "each step comes after the one before; sort them by after")
		}
	}
}

func note(named map[string]bool, names []string) {
	for _, name := range names {
		named[name] = true
	}
}

// warnUnnamed names the sinks that no rule ever tells.
func (d *decoder) warnUnnamed(named map[string]bool) {
	if len(d.f.Alerts.Rules) == 0 {
		return
	}
	for i := range d.f.Sinks {
		if s := &d.f.Sinks[i]; s.Name != "" && !named[s.Name] {
			d.add(d.of(&s.Name), SeverityWarn, "no rule names this sink, so it is told nothing; name it in alerts.rules, or remove it")
		}
	}
}

func (d *decoder) checkMail() {
	m := d.f.SMTP
	if m == nil {
		return
	}
	if m.Host != "" && !hostPort(net.JoinHostPort(m.Host, "1"), false) {
		d.add(d.of(&m.Host), SeverityError, "here must be the name of a host alone, such as smtp.example.com; port stands apart")
	}
	if _, err := mail.ParseAddress(m.From); m.From != "" && (err != nil || strings.ContainsAny(m.From, "\r\n")) {
		d.add(d.of(&m.From), SeverityError, "here must be a mail address, such as \"Example status <status@example.com>\"")
	}
	switch {
	case m.Password != "" && m.Username == "":
		d.add(d.of(&m.Password), SeverityError, "a password needs a username; add one")
	case m.Username != "" && m.Password == "":
		d.add(d.of(&m.Username), SeverityError, "a username needs a password; add password: env:SMTP_PASSWORD")
	case m.TLS == "none" && !loopback(net.JoinHostPort(m.Host, "1")):
		d.add(d.of(&m.TLS), SeverityError, "mails would go through the network in clear; none is for localhost, write tls: starttls")
	}
	if m.TLS == "tls" && m.Port == 587 && !d.wrote(&m.Port) {
		m.Port = 465
	}
}

func (d *decoder) checkSubscriptions() {
	s := &d.f.Subscriptions
	if !s.Enabled {
		return
	}
	at := d.of(&s.Enabled, s)
	if d.f.BaseURL == "" {
		d.add(at, SeverityError, "readers confirm and unsubscribe by links; add base_url: https://status.example.com")
	}
	switch {
	case !s.Email && !s.Webhook:
		d.add(at, SeverityError, "there is nothing to subscribe to; add email: true or webhook: true")
	case s.Email && d.f.SMTP == nil:
		d.add(d.of(&s.Email), SeverityError, "mails need a server that takes them; add smtp: {host: smtp.example.com, from: status@example.com}")
	}
}

func (d *decoder) checkHeartbeats() {
	list := d.f.Heartbeats
	for i := range list {
		h := &list[i]
		d.secretURL(h.URL, d.of(&h.URL, h))
		d.checkHeaders(&h.Headers)
	}
	if len(list) > maxHeartbeats {
		d.add(d.of(&d.f.Heartbeats), SeverityError, "there are %d heartbeats, the most is %d", len(list), maxHeartbeats)
	}
}
