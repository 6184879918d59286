package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ModernVersion and LegacyVersion are the newest revisions of each era: what the
// probe asks for.
const (
	ModernVersion = "2026-07-28"
	LegacyVersion = "2025-11-25"
)

// legacyVersions returns the revisions that a server may choose in initialize.
// 2024-10-07 was never released, but an SDK in wide use accepts it.
func legacyVersions() []string {
	return []string{LegacyVersion, "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"}
}

// Ids of requests are constant, so that an unchanged server answers with the
// same bytes.
const (
	idHandshake  = 1
	idTools      = 2 // and one more for each page
	idCanary     = 100
	idResources  = 101
	idPrompts    = 102
	idPrompt     = 103
	idCompletion = 104
	idManners    = 110
)

// opening is how the first message of a detection was received.
type opening int

const (
	openedModern opening = iota
	openedLegacy         // or not clearly modern: ask with initialize
	openedWalled         // sign-in is wanted; nothing is known of the era
	openedNever          // it failed in a way that another message will not mend
)

// shakeHands finds out what the server speaks and completes its handshake. Done
// means that there is nothing to go on with although nothing failed: a sign-in
// wall that is as it should be.
func (a *attempt) shakeHands(ctx context.Context) (done bool, f *uptime.Failure) {
	switch {
	case a.stream != nil:
		done, f = a.openStream(ctx)
		if a.srv.Transport == uptime.HTTPSSE {
			return done, f
		}
	case a.known.era == uptime.Legacy && a.known.transport == uptime.StreamableHTTP:
		done, f = a.initialize(ctx)
	default:
		return a.detect(ctx)
	}
	if f == nil || !mayHaveMoved(f) {
		return done, f
	}
	a.startOver(ctx, f)
	return a.detect(ctx)
}

// mayHaveMoved reports whether a failure may come from a server that has changed
// what it speaks.
func mayHaveMoved(f *uptime.Failure) bool {
	switch f.Step {
	case uptime.StepStream, uptime.StepInitialize, uptime.StepInitialized:
		return f.Cause.Reason() == uptime.ProtocolError && f.Cause != uptime.HTTPServerError && f.Cause != uptime.AuthRequired
	default:
		return false
	}
}

// startOver forgets what the server used to speak, and clears away what was
// begun in it.
func (a *attempt) startOver(ctx context.Context, f *uptime.Failure) {
	a.known.era, a.known.transport = "", ""
	a.relabel(f.Step, "not spoken any more: ")
	if a.stream != nil {
		a.res.BytesRead += a.stream.BytesRead()
		a.stream.Close()
		a.stream, a.http = nil, mcpwire.NewStreamable(a.wireOpt)
	}
	a.dropSession(ctx)
	a.hs, a.conv = handshake{}, nil
}

// dropSession ends a session that is not going to be used.
func (a *attempt) dropSession(ctx context.Context) {
	if a.http.Session != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		_, _ = a.http.Delete(ctx)
	}
	a.http.Session, a.http.Version = "", ""
}

// detect asks in the order of the specification: a modern request, initialize,
// then a GET for HTTP+SSE (2026-07-28 basic/transports/streamable-http,
// "Backward Compatibility").
func (a *attempt) detect(ctx context.Context) (done bool, f *uptime.Failure) {
	how, ans, f := a.discover(ctx)
	switch how {
	case openedModern:
		return false, nil
	case openedWalled:
		return true, a.meetWall(ctx, ans)
	case openedNever:
		return false, f
	case openedLegacy:
	}
	done, f = a.initialize(ctx)
	if f == nil || !wantsGET(f) || a.srv.Transport == uptime.StreamableHTTP {
		return done, f
	}
	return false, a.tryStream(ctx, f)
}

// wantsGET reports whether a failed initialize points at HTTP+SSE.
func wantsGET(f *uptime.Failure) bool {
	switch f.Cause {
	case uptime.HTTPNotFound, uptime.HTTPMethod, uptime.HTTPClientError, uptime.SSEEndpoint:
		return f.Step == uptime.StepInitialize
	default:
		return false
	}
}

// discoverPatience bounds the first message: servers that never answer what they
// do not know must leave time for initialize.
const discoverPatience = 5 * time.Second

// discover sends server/discover and reads from the answer which era this is.
func (a *attempt) discover(ctx context.Context) (opening, *mcpwire.Answer, *uptime.Failure) {
	a.http.Modern, a.http.Version = true, ModernVersion
	ans, fault := a.askDiscover(ctx)
	how, f := a.judgeDiscover(ans, fault)
	if how != openedModern {
		a.http.Modern, a.http.Version = false, ""
		a.keepSession(ans)
		a.dropSession(ctx)
	}
	return how, ans, f
}

func (a *attempt) askDiscover(ctx context.Context) (*mcpwire.Answer, *mcpwire.Fault) {
	ctx, cancel := context.WithTimeout(ctx, min(discoverPatience, a.p.opt.Timeout/3))
	defer cancel()
	return a.post(ctx, mcpwire.Call{ID: idHandshake, Method: "server/discover"})
}

func (a *attempt) judgeDiscover(ans *mcpwire.Answer, fault *mcpwire.Fault) (opening, *uptime.Failure) {
	a.res.Timings.FirstByte = ans.FirstByte
	f := a.judge(ans, fault)
	how := judgeOpening(ans, f)
	switch {
	case f == nil && how == openedModern:
		if f = a.greetModern(ans); f == nil {
			return openedModern, a.step(uptime.StepDiscover, ans.Took, nil, a.introduction())
		}
		how = openedLegacy
		a.skip(uptime.StepDiscover, f.Detail)
	case how == openedNever:
		_ = a.step(uptime.StepDiscover, ans.Took, f, "")
	case how == openedLegacy:
		if ans.Status >= 500 {
			a.find(findDiscover5xx, fmt.Sprintf("HTTP %d", ans.Status))
		}
		a.skip(uptime.StepDiscover, "not a modern server: "+brief(f))
	}
	return how, f
}

func brief(f *uptime.Failure) string {
	if f == nil {
		return "it lists only legacy revisions"
	}
	return f.Detail
}

// judgeOpening is the decision table for answers to server/discover.
func judgeOpening(ans *mcpwire.Answer, f *uptime.Failure) opening {
	if e := ans.Message.Error; e != nil && f != nil && f.Cause != uptime.AuthRequired {
		return judgeModernError(e, f)
	}
	switch {
	case f == nil && slices.ContainsFunc(supported(ans.Message.Result, "supportedVersions"), isModern):
		return openedModern
	case f == nil:
		return openedLegacy
	}
	if isWall(ans, f) {
		return openedWalled
	}
	switch f.Cause {
	case uptime.RateLimited, uptime.BotChallenge, uptime.HTTPRedirect, uptime.MisdirectedHost,
		uptime.BlockedTarget, uptime.SelfOverload, uptime.BodyTooLarge, uptime.CredentialRefused, uptime.CredentialExpired:
		return openedNever
	case uptime.DNSNXDomain, uptime.DNSFailed, uptime.ConnectRefused, uptime.ConnectTimeout,
		uptime.TLSExpired, uptime.TLSNotYetValid, uptime.TLSHostname, uptime.TLSUntrusted, uptime.TLSFailed:
		return openedNever
	default:
		return openedLegacy
	}
}

// judgeModernError tells the errors that only modern servers know (-32020 to
// -32022) from those of a server that does not know the method.
func judgeModernError(e *mcpwire.RPCError, f *uptime.Failure) opening {
	switch {
	case f.Effect == uptime.Unknown:
		return openedNever
	case e.Code == -32022 && slices.ContainsFunc(supported(e.Data, "supported"), isLegacy):
		return openedLegacy
	case e.Code == -32022:
		f.Cause, f.Detail = uptime.VersionUnsupported, "the server speaks no revision that we do: "+clip(string(e.Data), 100)
		return openedNever
	case e.Code == -32020 || e.Code == -32021:
		f.Cause = uptime.RPCError
		return openedNever
	}
	return openedLegacy
}

func isModern(version string) bool { return version == ModernVersion }

func isLegacy(version string) bool { return slices.Contains(legacyVersions(), version) }

// supported returns the list of strings in a member of a JSON object.
func supported(raw []byte, member string) []string {
	var obj map[string]json.RawMessage
	var list []string
	if json.Unmarshal(raw, &obj) == nil {
		_ = json.Unmarshal(obj[member], &list)
	}
	return list
}

// greetModern takes what a modern server says of itself.
func (a *attempt) greetModern(ans *mcpwire.Answer) *uptime.Failure {
	hs, f := a.readHello(ans.Message.Result, decodeDiscover)
	if f != nil {
		return f
	}
	hs.version = ModernVersion
	a.hs, a.conv = hs, a.http
	a.noteGreeting(ans)
	a.checkModernHello(ans)
	a.settle(uptime.Modern, uptime.StreamableHTTP)
	a.res.Timings.Handshake = ans.Took
	return nil
}

// settle records what the server turned out to speak.
func (a *attempt) settle(era uptime.Era, tr uptime.Transport) {
	a.res.Era, a.res.Transport = era, tr
	a.known.era, a.known.transport = era, tr
	if a.res.Access == "" {
		a.res.Access = uptime.AccessOpen
	}
}

// introduction says in words who answered.
func (a *attempt) introduction() string {
	name := clip(a.hs.name+" "+a.hs.serverVer, 80)
	if name == "" {
		name = "unnamed server"
	}
	return name + ", revision " + a.hs.version
}

// initialize completes the legacy handshake over Streamable HTTP.
func (a *attempt) initialize(ctx context.Context) (done bool, f *uptime.Failure) {
	began := time.Now()
	ans, fault := a.post(ctx, mcpwire.Call{ID: idHandshake, Method: "initialize", Params: a.initializeParams()})
	if a.res.Timings.FirstByte == 0 {
		a.res.Timings.FirstByte = ans.FirstByte
	}
	a.keepSession(ans)
	f = a.judge(ans, fault)
	if isWall(ans, f) {
		a.beginHereNext()
		return true, a.meetWall(ctx, ans)
	}
	if f == nil {
		f = a.greetLegacy(ans)
	}
	if f = a.step(uptime.StepInitialize, ans.Took, f, a.introduction()); f != nil {
		a.markSoftWall(f)
		return false, f
	}
	a.http.Version, a.conv = a.hs.version, a.http
	f = a.initialized(ctx)
	a.res.Timings.Handshake = time.Since(began)
	if f == nil {
		a.settle(uptime.Legacy, uptime.StreamableHTTP)
	}
	return false, f
}

// beginHereNext makes initialize the first request of the next cycle: where the
// wall is known to stand behind it, a stranger asks once and not twice.
func (a *attempt) beginHereNext() {
	a.known.era, a.known.transport = uptime.Legacy, uptime.StreamableHTTP
}

// markSoftWall notes a sign-in wall that hides behind HTTP 200.
func (a *attempt) markSoftWall(f *uptime.Failure) {
	if f.Cause == uptime.AuthRequired {
		a.beginHereNext()
		a.res.Access = uptime.AccessBroken
		a.find(findAuth200, "")
	}
}

func (a *attempt) initializeParams() []byte {
	return fmt.Appendf(nil, `{"protocolVersion":%q,"capabilities":{},"clientInfo":%s}`, LegacyVersion, a.p.client)
}

// greetLegacy holds the answer to initialize against the specification
// (2025-11-25 basic/lifecycle, "Initialization").
func (a *attempt) greetLegacy(ans *mcpwire.Answer) *uptime.Failure {
	a.noteGreeting(ans)
	hs, f := a.readHello(ans.Message.Result, decodeInitialize)
	if f != nil {
		return f
	}
	a.hs = hs
	if !isLegacy(hs.version) {
		return fail(uptime.VersionUnsupported, "the server chose revision %q, which no client of initialize speaks", clip(hs.version, 40))
	}
	return nil
}

// noteGreeting notes what is odd about the answer to a handshake.
func (a *attempt) noteGreeting(ans *mcpwire.Answer) {
	a.noteAll(ans)
	if ans.Header.Has("WWW-Authenticate") && a.srv.Profile.Credential == nil {
		a.find(findAuthOptional, "")
	}
}

// readHello decodes what the server says of itself, or takes the last decoding
// when not a byte has changed.
func (a *attempt) readHello(raw []byte, decode func([]byte) (handshake, *uptime.Failure)) (handshake, *uptime.Failure) {
	if len(raw) > 0 && string(raw) == string(a.known.hello.raw) {
		return a.known.hello, nil
	}
	hs, f := decode(raw)
	if f == nil && len(raw) <= 64<<10 {
		hs.raw = slices.Clone(raw)
		a.known.hello = hs
	}
	return hs, f
}

// keepSession keeps the session id, whatever else is wrong with the answer that
// brings it: a session must be ended even when nothing can be done with it.
func (a *attempt) keepSession(ans *mcpwire.Answer) {
	a.http.Session = ans.Header.Get("Mcp-Session-Id")
	for i := range len(a.http.Session) {
		if c := a.http.Session[i]; c < 0x21 || c > 0x7e {
			a.find(mcpwire.NoteSessionCharacters, "")
			return
		}
	}
}

// initialized sends the notification that ends the handshake.
func (a *attempt) initialized(ctx context.Context) *uptime.Failure {
	ans, fault := a.conv.Notify(ctx, "notifications/initialized")
	f := a.judgeInitialized(ans, fault)
	return a.step(uptime.StepInitialized, ans.Took, f, "")
}

func (a *attempt) judgeInitialized(ans *mcpwire.Answer, fault *mcpwire.Fault) *uptime.Failure {
	f := judgeAnswer(ans, fault)
	switch {
	case f == nil || f.Cause == uptime.RPCError && ans.Status < 300:
		a.checkAccepted(ans)
		return nil
	case ans.Status < 300 && fault != nil && ans.Status != 0:
		a.find(findInitializedNot202, fault.Detail)
		return nil // what came after a 2xx is of no consequence
	case ans.Status == 401:
		a.find(findAuthMixed, "the handshake is open until its notification, which is answered 401")
		return nil // a wall is no outage; tools/list will meet it and judge it
	case refusesVersion(ans):
		f.Cause, f.Detail = uptime.VersionRefused, "the server refuses revision "+a.hs.version+", which it had chosen itself: "+f.Detail
	case (ans.Status == 404 || ans.Status == 400) && speaksOf(ans, "session"):
		f.Cause, f.Detail = uptime.SessionLost, "the session was lost right after initialize: "+f.Detail
	case ans.Status >= 400 && f.Effect == uptime.Down || ans.Status == 403:
		f.Cause, f.Detail = uptime.InitializedRefused, "notifications/initialized was refused: "+f.Detail
	}
	f.Effect = f.Cause.Effect()
	return f
}

// checkAccepted holds a 2xx to a notification against "202 and no body".
func (a *attempt) checkAccepted(ans *mcpwire.Answer) {
	if a.stream != nil || a.stdio != nil {
		return
	}
	switch {
	case ans.Status != 202:
		a.find(findInitializedNot202, fmt.Sprintf("notifications/initialized was answered %d", ans.Status))
	case len(ans.Body) > 0:
		a.find(findInitializedBody, "")
	}
}

// openStream opens HTTP+SSE and completes its handshake. Done is as in shakeHands.
func (a *attempt) openStream(ctx context.Context) (done bool, f *uptime.Failure) {
	ans, fault := a.stream.Open(ctx, min(5*time.Second, a.p.opt.Timeout/2))
	a.res.Timings.FirstByte = ans.FirstByte
	f = judgeAnswer(ans, fault)
	if isWall(ans, f) {
		return true, a.meetWall(ctx, ans)
	}
	if f = a.step(uptime.StepStream, ans.Took, f, "the endpoint event came"); f != nil {
		return false, f
	}
	a.conv = a.stream
	return false, a.initializeStream(ctx)
}

func (a *attempt) initializeStream(ctx context.Context) *uptime.Failure {
	began := time.Now()
	ans, fault := a.stream.Call(ctx, mcpwire.Call{ID: idHandshake, Method: "initialize", Params: a.initializeParams()})
	f := judgeAnswer(ans, fault)
	if f == nil {
		f = a.greetLegacy(ans)
	}
	if f = a.step(uptime.StepInitialize, ans.Took, f, a.introduction()); f != nil {
		return f
	}
	a.stream.SetVersion(a.hs.version)
	f = a.initialized(ctx)
	a.res.Timings.Handshake = time.Since(began)
	if f == nil {
		a.settle(uptime.Legacy, uptime.HTTPSSE)
		a.find(findSSEOnly, "")
	}
	return f
}

// tryStream asks whether a server that refused initialize speaks HTTP+SSE. When
// it does not, the refusal of initialize is what is reported.
func (a *attempt) tryStream(ctx context.Context, refused *uptime.Failure) *uptime.Failure {
	a.stream = mcpwire.NewEventStream(a.wireOpt)
	ans, fault := a.stream.Open(ctx, min(5*time.Second, a.p.opt.Timeout/3))
	if fault != nil && fault.Kind == mcpwire.Endpoint {
		a.res.Transport = uptime.HTTPSSE
		return a.step(uptime.StepStream, ans.Took, faultFailure(fault), "")
	}
	if f := judgeAnswer(ans, fault); f != nil {
		a.skip(uptime.StepStream, "no HTTP+SSE either: "+f.Detail)
		return refused
	}
	a.relabel(uptime.StepInitialize, "not Streamable HTTP: ")
	_ = a.step(uptime.StepStream, ans.Took, nil, "the endpoint event came")
	a.conv = a.stream
	return a.initializeStream(ctx)
}

// relabel turns the failed step into a skipped one: what it asked for is simply
// not what the server speaks.
func (a *attempt) relabel(name uptime.Step, prefix string) {
	for i, s := range a.res.Steps {
		if s.Name == name && s.Status == uptime.StepFail {
			a.res.Steps[i].Status = uptime.StepSkip
			a.res.Steps[i].Detail = prefix + s.Detail
		}
	}
}
