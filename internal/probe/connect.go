package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// prepare takes the server's address and credential apart.
func (a *attempt) prepare() *uptime.Failure {
	u, err := guard.CheckURL(a.srv.URL, true)
	if err != nil {
		return fail(uptime.BlockedTarget, "the address is refused: %s", err)
	}
	target, err := mcpwire.ParseTarget(u)
	if err != nil {
		return fail(uptime.BlockedTarget, "the address is refused: %s", err)
	}
	a.wireOpt = mcpwire.Options{
		Dialer: a.dialer, Target: target, UserAgent: a.p.opt.UserAgent,
		Client: a.p.client, Record: a.rec, Header: profileHeader(a.srv.Profile),
	}
	return a.loadCertificate()
}

func profileHeader(p uptime.Profile) mcpwire.Header {
	h := make(mcpwire.Header, 0, len(p.Headers)+1)
	for _, f := range p.Headers {
		h = append(h, mcpwire.Field{Name: f.Name, Value: f.Value.Reveal()})
	}
	return h
}

func (a *attempt) loadCertificate() *uptime.Failure {
	c := a.srv.Profile.Credential
	if c == nil || c.Kind != uptime.CredentialMTLS {
		return nil
	}
	cert, err := tls.X509KeyPair(c.Certificate, []byte(c.Key.Reveal()))
	if err != nil {
		return a.step(uptime.StepAuth, 0, fail(uptime.CredentialExpired, "the client certificate cannot be used: %s", err), "")
	}
	a.wireOpt.Certificate = &cert
	return nil
}

// connect dials, so that name, connection and TLS are judged apart from MCP.
func (a *attempt) connect(ctx context.Context) *uptime.Failure {
	if f := a.takeSlot(ctx); f != nil {
		return f
	}
	defer a.freeSlot()
	if a.wantsStream() {
		a.stream = mcpwire.NewEventStream(a.wireOpt)
		f := a.stream.Dial(ctx)
		return a.recordDial(a.stream.Dialed(), f)
	}
	a.http = mcpwire.NewStreamable(a.wireOpt)
	f := a.http.Dial(ctx)
	return a.recordDial(a.http.Dialed, f)
}

// wantsStream reports whether HTTP+SSE is what to begin with.
func (a *attempt) wantsStream() bool {
	return a.srv.Transport == uptime.HTTPSSE || a.srv.Transport == "" && a.known.transport == uptime.HTTPSSE
}

// takeSlot waits for one of the handshakes that may be under way at once. When
// none comes free, we are the slow ones.
func (a *attempt) takeSlot(ctx context.Context) *uptime.Failure {
	select {
	case a.p.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case a.p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fail(uptime.SelfOverload, "this monitor had no connection slot free")
	}
}

func (a *attempt) freeSlot() { <-a.p.slots }

// recordDial writes the steps of connecting.
func (a *attempt) recordDial(rep mcpwire.DialReport, f *mcpwire.Fault) *uptime.Failure {
	a.res.Timings.DNS, a.res.Timings.TCP, a.res.Timings.TLS = rep.DNS, rep.TCP, rep.TLS
	a.describeCertificate(rep)
	failed := a.certificateRefused(f)
	if failed == nil {
		failed = faultFailure(f)
	}
	switch lastPart(rep, f) {
	case uptime.StepDNS:
		return a.step(uptime.StepDNS, rep.DNS, failed, "")
	case uptime.StepTCP:
		a.recordLookup(rep)
		return a.step(uptime.StepTCP, rep.TCP, failed, "")
	default:
		a.recordLookup(rep)
	}
	_ = a.step(uptime.StepTCP, rep.TCP, nil, "")
	if !a.wireOpt.Target.Secure {
		a.skip(uptime.StepTLS, "plain http")
		return nil
	}
	return a.step(uptime.StepTLS, rep.TLS, failed, a.tlsDetail(rep))
}

// lastPart returns the part of connecting in which a fault happened; the empty
// step when there was none.
func lastPart(rep mcpwire.DialReport, f *mcpwire.Fault) uptime.Step {
	switch {
	case f == nil || rep.TLS > 0:
		return ""
	case rep.TCP > 0 || f.Kind == mcpwire.Blocked:
		return uptime.StepTCP
	}
	return uptime.StepDNS
}

func (a *attempt) recordLookup(rep mcpwire.DialReport) {
	switch {
	case rep.Literal:
		a.skip(uptime.StepDNS, "the URL names an address")
	case rep.Retransmits > 0:
		_ = a.step(uptime.StepDNS, rep.DNS, nil, "asked more than once: a question or its answer was lost")
	default:
		_ = a.step(uptime.StepDNS, rep.DNS, nil, "")
	}
}

func (a *attempt) describeCertificate(rep mcpwire.DialReport) {
	leaf := rep.Certificate
	if leaf == nil {
		return
	}
	issuer := leaf.Issuer.CommonName
	if issuer == "" && len(leaf.Issuer.Organization) > 0 {
		issuer = leaf.Issuer.Organization[0]
	}
	a.res.TLS = &uptime.TLSInfo{NotAfter: leaf.NotAfter, Issuer: clip(issuer, 80)}
	if rep.TLSVersion != 0 {
		a.res.TLS.Version = tls.VersionName(rep.TLSVersion)
	}
	if left := time.Until(leaf.NotAfter); left > 0 && left < expiryWarning {
		a.find(findTLSExpiresSoon, "the certificate expires in "+days(left))
	}
}

// expiryWarning is how long before its end a certificate is worth a warning:
// automatic renewals happen earlier.
const expiryWarning = 14 * 24 * time.Hour

func (a *attempt) tlsDetail(rep mcpwire.DialReport) string {
	if rep.DefaultCurves {
		a.find(findTLSSecondHello, "")
	}
	if rep.HTTP2 {
		a.find(findHTTP2Only, "")
	}
	if a.res.TLS == nil {
		return ""
	}
	return a.res.TLS.Version + ", certificate for " + days(time.Until(a.res.TLS.NotAfter))
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
