package probe_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// theSecret is what must never be seen.
const theSecret = "s3cr3t/Value+42"

// guarded is a server that serves only requests with a header field. It tells
// strangers how to sign in, and its token endpoint gives out theSecret.
type guarded struct {
	*fake
	name, value string
	status      int // of the refusal
	tokens      atomic.Int32
	tokenStatus int
	tokenBody   string
	life        int // seconds
}

func newGuarded(t *testing.T, name, value string) *guarded {
	t.Helper()
	g := &guarded{fake: newFake(t), name: name, value: value, status: 401, tokenStatus: 200, life: 600}
	doors := wall(nil, 200)
	g.before = func(w http.ResponseWriter, r *http.Request, method string) bool {
		switch {
		case r.URL.Path == "/token":
			g.token(w)
			return true
		case r.URL.Path == "/mcp" && r.Header.Get(g.name) == g.value:
			return false
		case r.URL.Path == "/mcp" && r.Header.Get(g.name) != "":
			// A careless server repeats what it was sent.
			writeJSON(w, g.status, fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"not accepted: %s"}}`, r.Header.Get(g.name)))
			return true
		}
		return doors(w, r, method)
	}
	return g
}

func (g *guarded) token(w http.ResponseWriter) {
	g.tokens.Add(1)
	if g.tokenStatus != 200 {
		writeJSON(w, g.tokenStatus, g.tokenBody)
		return
	}
	writeJSON(w, 200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, theSecret, g.life))
}

func signInBy(kind uptime.CredentialKind) *uptime.Credential {
	return &uptime.Credential{
		Kind: kind, Token: theSecret, Header: "X-Api-Key", ClientID: "monitor", ClientSecret: "cl13nt-s3cr3t",
	}
}

// TestSignedIn: with a credential the whole sequence runs, and the result says
// how strangers are treated.
func TestSignedIn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind          uptime.CredentialKind
		header, value string
	}{
		"bearer":             {uptime.CredentialBearer, "Authorization", "Bearer " + theSecret},
		"header":             {uptime.CredentialHeader, "X-Api-Key", theSecret},
		"client credentials": {uptime.CredentialClient, "Authorization", "Bearer " + theSecret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuarded(t, tc.header, tc.value)
				srv := public()
				srv.Profile.Credential = signInBy(tc.kind)
				p := newWorld(t, g).newProber(t, probe.Options{KeepTranscript: true})
				for range 2 {
					res := look(t, p, srv, "")
					if res.Access != uptime.AccessWalled || res.Tools == nil || res.Auth == nil {
						t.Errorf("access %q, tools %v, chain %v", res.Access, res.Tools, res.Auth)
					}
					noSecretIn(t, res)
				}
			})
		})
	}
}

// TestClientToken: a token is fetched once and kept until a minute before it
// ends.
func TestClientToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded(t, "Authorization", "Bearer "+theSecret)
		srv := public()
		srv.Profile.Credential = signInBy(uptime.CredentialClient)
		p := newWorld(t, g).newProber(t, probe.Options{})
		for minute := range 20 {
			look(t, p, srv, "")
			if want := int32(1 + minute/9); g.tokens.Load() != want {
				t.Errorf("minute %d: %d tokens were fetched, want %d", minute, g.tokens.Load(), want)
			}
			<-time.After(time.Minute)
		}
	})
}

// TestTokenIsNotHad tells our credential's fault from that of the sign-in.
func TestTokenIsNotHad(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status  int
		body    string
		change  func(*uptime.Credential)
		cause   uptime.Cause
		effects uptime.State
	}{
		"refused":       {401, `{"error":"invalid_client"}`, nil, uptime.CredentialRefused, uptime.Degraded},
		"expired":       {401, `{"error":"invalid_client"}`, func(c *uptime.Credential) { c.Expires = time.Now().Add(-time.Hour) }, uptime.CredentialExpired, uptime.Unknown},
		"in trouble":    {500, `{"error":"server_error"}`, nil, uptime.AuthBroken, uptime.Degraded},
		"rate limited":  {429, `{"error":"slow_down"}`, nil, uptime.RateLimited, uptime.Unknown},
		"no token":      {200, "", func(c *uptime.Credential) { c.TokenURL = "http://93.184.215.14/prm" }, uptime.AuthBroken, uptime.Degraded},
		"blocked":       {200, "", func(c *uptime.Credential) { c.TokenURL = "http://127.0.0.1/token" }, uptime.BlockedTarget, uptime.Unknown},
		"blocked by v6": {200, "", func(c *uptime.Credential) { c.TokenURL = "http://[::1]/token" }, uptime.BlockedTarget, uptime.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuarded(t, "Authorization", "Bearer "+theSecret)
				g.tokenStatus, g.tokenBody = tc.status, tc.body
				srv := public()
				srv.Profile.Credential = signInBy(uptime.CredentialClient)
				if tc.change != nil {
					tc.change(srv.Profile.Credential)
				}
				res := look(t, newWorld(t, g).newProber(t, probe.Options{}), srv, tc.cause)
				if res.Failure.Effect != tc.effects || res.Failure.Step != uptime.StepAuth {
					t.Errorf("%+v, want an argument for %s at auth", res.Failure, tc.effects)
				}
				if strings.Contains(res.Failure.Detail, "[redacted]") {
					t.Errorf("the detail hides what is no secret: %s", res.Failure.Detail)
				}
				noSecretIn(t, res)
			})
		})
	}
}

// TestCredentialRefused: unless its time was up it may be their fault as well as
// ours, so it is amber; when it was, nothing is known of the server.
func TestCredentialRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		expires time.Duration
		status  int
		cause   uptime.Cause
	}{
		"no end known":   {0, 401, uptime.CredentialRefused},
		"still good":     {time.Hour, 401, uptime.CredentialRefused},
		"time was up":    {-time.Hour, 401, uptime.CredentialExpired},
		"forbidden":      {0, 403, uptime.CredentialRefused},
		"up and 403":     {-time.Hour, 403, uptime.CredentialExpired},
		"server failing": {0, 500, uptime.HTTPServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuarded(t, "Authorization", "Bearer another")
				g.status = tc.status
				srv := public()
				srv.Profile.Credential = signInBy(uptime.CredentialBearer)
				if tc.expires != 0 {
					srv.Profile.Credential.Expires = time.Now().Add(tc.expires)
				}
				res := look(t, newWorld(t, g).newProber(t, probe.Options{}), srv, tc.cause)
				noSecretIn(t, res)
			})
		})
	}
}

// TestStrangersServed: a credential that nobody asks for is worth a warning.
func TestStrangersServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := public()
		srv.Profile.Credential = signInBy(uptime.CredentialBearer)
		res := look(t, newWorld(t, newFake(t)).newProber(t, probe.Options{}), srv, "")
		if !hasFinding(res, "auth_not_enforced") || res.Access != uptime.AccessOpen {
			t.Errorf("access %q, findings %+v", res.Access, res.Findings)
		}
	})
}

// TestCredentialsStayAtTheirOrigin: no redirect takes them, nor the profile's
// header fields, to another port, host or scheme.
func TestCredentialsStayAtTheirOrigin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		location string
		sent     bool
		cause    uptime.Cause
	}{
		"same origin":  {"/other", true, ""},
		"another port": {"http://93.184.215.14:8080/mcp", false, uptime.CredentialRefused},
		"another host": {"http://93.184.215.15/mcp", false, uptime.CredentialRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				target := newFake(t)
				leaked := false
				target.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
					carries := strings.Contains(fmt.Sprint(r.Header), theSecret) || strings.Contains(fmt.Sprint(r.Header), "h34der")
					leaked = leaked || carries
					if !carries {
						w.WriteHeader(401)
					}
					return !carries
				}
				w := newWorld(t, target)
				w.handle(t, "93.184.215.14:80", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/other" {
						target.ServeHTTP(w, r)
						return
					}
					w.Header().Set("Location", tc.location)
					w.WriteHeader(307)
				}))
				srv := public()
				srv.Profile.Credential = signInBy(uptime.CredentialBearer)
				srv.Profile.Headers = []uptime.Header{{Name: "X-Tenant", Value: "h34der"}}
				res := look(t, w.newProber(t, probe.Options{}), srv, tc.cause)
				if leaked != tc.sent || !hasFinding(res, "redirected") {
					t.Errorf("the credential went along: %t, want %t; findings %+v", leaked, tc.sent, res.Findings)
				}
				if !tc.sent && !strings.Contains(res.Failure.Detail, "another origin") {
					t.Errorf("the detail does not say why: %s", res.Failure.Detail)
				}
				noSecretIn(t, res)
			})
		})
	}
}

// TestSecretsAreNowhere: whatever a server repeats of what it was sent, no field
// of the result shows a secret.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.name = "you sent " + theSecret
		canary := fmt.Sprintf(`{"jsonrpc":"2.0","id":100,"result":{"content":[{"type":"text","text":"Bearer %s and %s"}],"isError":true}}`, theSecret, url.QueryEscape(theSecret))
		f.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
			w.Header().Set("X-Echo", theSecret)
			w.Header().Set("Location", "/"+url.PathEscape(theSecret))
			if method == "tools/call" {
				writeJSON(w, 200, canary)
			}
			return method == "tools/call"
		}
		srv := public()
		srv.URL += "?api_key=" + url.QueryEscape(theSecret)
		srv.Profile = uptime.Profile{
			Credential: signInBy(uptime.CredentialBearer),
			Headers:    []uptime.Header{{Name: "X-Also", Value: theSecret}},
			Canary:     &uptime.Canary{Tool: "add"},
			Health:     []uptime.HealthCheck{{URL: "http://93.184.215.14/health?token=" + url.QueryEscape(theSecret)}},
		}
		res := look(t, newWorld(t, f).newProber(t, probe.Options{KeepTranscript: true, Thorough: true}), srv, uptime.CanaryFailed)
		if len(res.Transcript) == 0 {
			t.Error("there is no transcript to look at")
		}
		noSecretIn(t, res)
	})
}

// noSecretIn looks through every field of a result.
func noSecretIn(t *testing.T, res uptime.Result) {
	t.Helper()
	secrets := []string{
		theSecret, "cl13nt-s3cr3t", "h34der", url.QueryEscape(theSecret), url.PathEscape(theSecret),
		base64.StdEncoding.EncodeToString([]byte("monitor:cl13nt-s3cr3t")), strings.ReplaceAll(theSecret, "/", `\/`),
	}
	walk(reflect.ValueOf(res), "Result", func(path, text string) {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s shows a secret: %s", path, text)
			}
		}
	})
}

// walk visits every string in a value. A time holds none, but a zone that all times
// share, which the first who asks for it fills in.
func walk(v reflect.Value, path string, visit func(path, text string)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			visit(path, string(v.Bytes()))
			return
		}
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
	}
}

// TestClientCertificate: a server that asks for a certificate gets it; one that
// refuses it is amber, and grey when the certificate had run out.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	good, goodKey := clientCertificate(t, time.Now().Add(time.Hour))
	old, oldKey := clientCertificate(t, time.Now().Add(-time.Minute))
	unknown, unknownKey := clientCertificate(t, time.Now().Add(time.Hour))
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(good)
	trusted.AppendCertsFromPEM(old)
	for name, tc := range map[string]struct {
		cert, key []byte
		cause     uptime.Cause
	}{
		"accepted":   {good, goodKey, ""},
		"run out":    {old, oldKey, uptime.CredentialExpired},
		"unknown":    {unknown, unknownKey, uptime.CredentialRefused},
		"unreadable": {[]byte("no certificate"), goodKey, uptime.CredentialExpired},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" over "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				srv := httptest.NewUnstartedServer(newFake(t))
				srv.Config.ErrorLog = discard()
				srv.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MaxVersion: version}
				srv.StartTLS()
				t.Cleanup(srv.Close)
				roots := x509.NewCertPool()
				roots.AddCert(srv.Certificate())
				p, err := probe.New(probe.Options{Roots: roots})
				if err != nil {
					t.Fatal(err)
				}
				res := look(t, p, uptime.Server{ID: "m", URL: srv.URL + "/mcp", Private: true, Profile: uptime.Profile{
					Credential: &uptime.Credential{Kind: uptime.CredentialMTLS, Certificate: tc.cert, Key: uptime.Secret(tc.key)},
				}}, tc.cause)
				if strings.Contains(fmt.Sprintf("%+v", res), "PRIVATE KEY") {
					t.Error("the result shows the key")
				}
			})
		}
	}
}

// clientCertificate makes a certificate that signs itself.
func clientCertificate(t *testing.T, end time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "monitor " + serial.String()},
		NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}
