package probe_test

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func secretServer() uptime.Server {
	return uptime.Server{
		URL:     "https://ann:urlpass9@mcp.example/mcp?api_key=query%2Fkey9&page=2",
		Command: uptime.Command{Env: []string{"GITHUB_TOKEN=ghp_env12345", "LANG=en_US"}},
		Profile: uptime.Profile{
			Headers: []uptime.Header{{Name: "X-Tenant", Value: "tenant-value-1"}, {Name: "Authorization", Value: "Basic dXNlcjpiYXNpY3Bhc3M="}},
			Credential: &uptime.Credential{
				Kind: uptime.CredentialClient, ClientID: "client", ClientSecret: `cl"ient/sec ret`, Token: "tok-abcdef-123",
			},
			Health: []uptime.HealthCheck{{URL: "https://h.example/?sig=healthsig77", Headers: []uptime.Header{{Name: "X-H", Value: "healthheader5"}}}},
		},
	}
}

func TestRedactPlaces(t *testing.T) {
	for in, want := range map[string]string{
		`{"text":"x\nBearer abc123def\npassword:\n\thunter2\n"}`:                        `{"text":"x\nBearer [redacted]\npassword:\n\t[redacted]\n"}`,
		"POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a,b c\r\nAccept: x\r\n": "POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: [redacted]\r\nAccept: x\r\n",
		"proxy-authorization: Basic eHg=\nx":                                            "proxy-authorization: [redacted]\nx",
		"Cookie: a=b; c=d\r\n e=f\r\nHost: h\r\n":                                       "Cookie: [redacted]\r\nHost: h\r\n",
		"Set-Cookie: sid=1; Path=/\r\n":                                                 "Set-Cookie: [redacted]\r\n",
		"X-API-Key: k\r\nOcp-Apim-Subscription-Key: k\r\n":                              "X-API-Key: [redacted]\r\nOcp-Apim-Subscription-Key: [redacted]\r\n",
		"X-Tenant: v\r\n":                                           "X-Tenant: [redacted]\r\n",
		"Mcp-Session-Id: 0123456789abcdef\r\n":                      "Mcp-Session-Id: 0123…\r\n",
		"data: /messages?sessionId=0123456789abcdef\n":              "data: /messages?sessionId=0123…\n",
		`{"access_token":"x","token_type":"Bearer","expires_in":1}`: `{"access_token":"[redacted]","token_type":"Bearer","expires_in":1}`,
		`{"a":[{"clientSecret" : "x\"y\\","b":1}]}`:                 `{"a":[{"clientSecret" : "[redacted]","b":1}]}`,
		`{"password":12345,"pin":1}`:                                `{"password":[redacted],"pin":1}`,
		`{"password":null,"token":""}`:                              `{"password":null,"token":""}`,
		`{"token":{"a":"}","b":["x"]},"c":1}`:                       `{"token":[redacted],"c":1}`,
		`{"tokens":["a","b"],"c":1}`:                                `{"tokens":[redacted],"c":1}`,
		`{"text":"{\"id_token\":\"x\\\"y\",\"b\":\"c\"}"}`:          `{"text":"{\"id_token\":\"[redacted]\",\"b\":\"c\"}"}`,
		`{"text":"{\"token\":{\"a\":\"b\"},\"b\":\"c\"}"}`:          `{"text":"{\"token\":[redacted],\"b\":\"c\"}"}`,
		`{"refresh_token":"cut off he`:                              `{"refresh_token":"[redacted]`,
		`{"api_key": {"x":"cut`:                                     `{"api_key": [redacted]`,
		`{'secret': 'x'}`:                                           `{'secret': '[redacted]'}`,
		"grant_type=x&client_secret=s%20t&code_verifier=v&scope=a":  "grant_type=x&client_secret=[redacted]&code_verifier=[redacted]&scope=a",
		"GET /x?key=abc&q=1 HTTP/1.1":                               "GET /x?key=[redacted]&q=1 HTTP/1.1",
		"to=https%3A%2F%2Fa%3Ftoken%3Dabc%26x%3D1":                  "to=https%3A%2F%2Fa%3Ftoken%3D[redacted]%26x%3D1",
		"https://u:p@h.example/":                                    "https://[redacted]@h.example/",
		"http://127.0.0.1:80":                                       "http://127.0.0.1:80",
		"cut http://u:pass":                                         "cut http://[redacted]",
		"see https://u:p@h.example/a@b":                             "see https://[redacted]@h.example/a@b",
		"sent Bearer abc123def and went on":                         "sent Bearer [redacted] and went on",
		`"Authorization: Bearer xyz"`:                               `"Authorization: [redacted]"`,
		"it was eyJhbGciOi.eyJzdWIi.c2ln there":                     "it was [redacted] there",
		// What must stay readable.
		`Bearer error="invalid_token", resource_metadata="https://a/b", scope="read"`:                                                                `Bearer error="invalid_token", resource_metadata="https://a/b", scope="read"`,
		`{"token_endpoint":"https://a/token","token_endpoint_auth_methods_supported":["client_secret_basic"],"authorization_servers":["https://a"]}`: `{"token_endpoint":"https://a/token","token_endpoint_auth_methods_supported":["client_secret_basic"],"authorization_servers":["https://a"]}`,
		`{"key":"name","maxTokens":5}`:                              `{"key":"name","maxTokens":5}`,
		"no bearer token\n":                                         "no bearer token\n",
		"Bearer authentication is required, see the basic settings": "Bearer authentication is required, see the basic settings",
	} {
		r := probe.NewRedactor(secretServer())
		if got := r.Text(in); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
		if again := r.Text(r.Text(in)); again != r.Text(in) && !strings.Contains(in, "ession") {
			t.Errorf("%q changes again to %q", want, again)
		}
	}
}

func TestRedactKnownSecrets(t *testing.T) {
	r := probe.NewRedactor(secretServer(), "fetched-token")
	for _, in := range []string{
		"urlpass9", "ann:urlpass9", "query/key9", "query%2Fkey9", "query%2fkey9", "ghp_env12345", "tenant-value-1",
		"dXNlcjpiYXNpY3Bhc3M=", "basicpass", `cl"ient/sec ret`, `cl\"ient/sec ret`, `cl\"ient\/sec ret`, `cl\\\"ient/sec ret`,
		"cl%22ient%2Fsec+ret", "cl%22ient%2Fsec%20ret", "cl%22ient%2fsec+ret", "tok-abcdef-123", "healthsig77", "healthheader5",
		"fetched-token",
	} {
		if got := r.Text("x " + in + " y"); got != "x [redacted] y" {
			t.Errorf("%s became %s", in, got)
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte(`client:cl"ient/sec ret`))
	if got := r.Text("x=" + basic); strings.Contains(got, basic[8:20]) {
		t.Errorf("basic authentication became %s", got)
	}
	if got := r.Text("it begins tok-abcd"); got != "it begins [redacted]" {
		t.Errorf("a secret that is cut became %s", got)
	}
	for in, want := range map[string]string{
		"tok-abcd... and on":    "[redacted]... and on",
		`"tok-abcdef…", more`:   `"[redacted]…", more`,
		"tok-abcd ...[cut]\r\n": "[redacted] ...[cut]\r\n",
		"tok-tok-abc...":        "tok-[redacted]...",
		"tok-abcd and on...":    "tok-abcd and on...",
		"tok...":                "tok...",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := r.Text("ann en_US client page=2"); got != "ann en_US client page=2" {
		t.Errorf("harmless values became %s", got)
	}
}

func TestSafeURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://mcp.example/mcp?page=2":                "https://mcp.example/mcp?page=2",
		"https://u:p@mcp.example/mcp?mail=a@b":          "https://[redacted]@mcp.example/mcp?mail=a@b",
		"https://us'er:p@mcp.example/":                  "https://[redacted]@mcp.example/",
		"https://u:pa/ss@mcp.example/":                  "https://[redacted]@mcp.example/",
		"https://token@mcp.example":                     "https://[redacted]@mcp.example",
		"//u:p@mcp.example/":                            "[redacted]@mcp.example/",
		"https://a/?api%5Fkey=k%2F1&x=1&sig=s":          "https://a/?api%5Fkey=[redacted]&x=1&sig=[redacted]",
		"https://a/#access_token=abc&token_type=bearer": "https://a/#access_token=[redacted]&token_type=bearer",
		"u:p@host":     "[redacted]@host",
		"ssh:u:p@host": "[redacted]@host",
		"":             "",
	} {
		if got := probe.SafeURL(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// The mark itself begins and ends in a bracket: a secret made of brackets could
// come about anew beside it, and none are drawn.
func drawSecret(t *rapid.T) string {
	return rapid.StringMatching(`[A-Za-z0-9+/=_.~!@#$%^&*(){}<>:;,'"?\\ |-]{6,40}`).Draw(t, "secret")
}

// around draws text such as stands around secrets, hostile or not.
func around(t *rapid.T, label string) string {
	return rapid.StringOf(rapid.OneOf(
		rapid.SampledFrom([]rune(`{}[]",:=&;\' `+"\r\n\t")), rapid.RuneFrom([]rune("abTK-_./@?%01")),
	)).Draw(t, label) + rapid.SampledFrom([]string{
		"", `"token":"`, `{"a":`, "Authorization: ", "Bearer ", "https://", `\"password\":\"`, "key=", "\r\n", "eyJ", `{"secret":{`,
	}).Draw(t, label+" end")
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func TestKnownSecretNeverSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := drawSecret(t)
		server := uptime.Server{Profile: uptime.Profile{Credential: &uptime.Credential{Kind: uptime.CredentialBearer, Token: uptime.Secret(secret)}}}
		forms := []string{secret, quoted(secret), quoted(quoted(secret)), url.QueryEscape(secret), url.PathEscape(secret)}
		form := rapid.SampledFrom(forms).Draw(t, "form")
		before, after := around(t, "before"), around(t, "after")
		got := probe.NewRedactor(server).Text(before + form + after)
		if strings.Contains(got, form) || strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, form)
		}
	})
}

func TestKnownSecretNeverSurvivesInBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := drawSecret(t)
		server := uptime.Server{Profile: uptime.Profile{Headers: []uptime.Header{{Name: "X-Key", Value: uptime.Secret(secret)}}}}
		enc := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding}).Draw(t, "encoding")
		blob := enc.EncodeToString([]byte(rapid.StringN(0, 9, -1).Draw(t, "user") + secret + rapid.StringN(0, 9, -1).Draw(t, "tail")))
		got := probe.NewRedactor(server).Text("blob " + blob + " end")
		for part := range strings.FieldsFuncSeq(got, func(c rune) bool { return c == ' ' || c == '[' || c == ']' }) {
			plain, _ := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(part, "=")))
			if strings.Contains(string(plain), secret) {
				t.Errorf("%q still holds %q", got, secret)
			}
		}
		if strings.Contains(got, blob) {
			t.Errorf("%q was left as it was", got)
		}
	})
}

// place puts an unknown secret in one of the places where secrets stand.
func place(t *rapid.T, secret string) string {
	name := rapid.SampledFrom([]string{
		"token", "access_token", "refreshToken", "id_token", "client_secret", "password", "api_key", "apiKey", "X-API-Key",
		"authorization", "client_assertion", "code_verifier", "cookie",
	}).Draw(t, "name")
	gap := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "gap")
	member := `{"` + name + `"` + gap + ":" + gap + `"` + quoted(secret) + `","z":1}`
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return member
	case 1:
		return `{"text":"` + quoted(member) + `"}`
	case 2:
		return `{"text":"` + quoted(`{"text":"`+quoted(member)+`"}`) + `"}`
	case 3:
		return `{"` + name + `":[{"deep":["` + quoted(secret) + `"]}]}`
	case 4:
		return "a=b&" + name + "=" + url.QueryEscape(secret) + "&c=d"
	case 5:
		return "GET / HTTP/1.1\r\n" + name + ": " + secret + "\r\nAccept: x\r\n\r\n"
	case 6:
		return "https://" + url.UserPassword("u", secret).String() + "@h.example/"
	}
	return "https://h.example/?" + name + "=" + url.QueryEscape(secret)
}

func TestUnknownSecretNeverSurvivesInItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := strings.TrimSpace(drawSecret(t)) + "q7"
		whole := place(t, secret)
		cut := rapid.IntRange(0, len(whole)).Draw(t, "cut")
		for _, in := range []string{whole, whole[:cut], "{\"first\":true}\n" + whole} {
			got := probe.NewRedactor(uptime.Server{}).Text(in)
			for _, form := range []string{secret, quoted(secret), quoted(quoted(secret)), url.QueryEscape(secret)} {
				if strings.Contains(got, form) {
					t.Errorf("%q\nbecame %q\nand shows %q", in, got, form)
				}
			}
		}
	})
}

// TestRedactIsLinearAndBounded: eight times the text takes about eight times as
// long; were it quadratic, it would be 64 times.
func TestRedactIsLinearAndBounded(t *testing.T) {
	server := secretServer()
	for _, unit := range []string{
		"a", "\\", "\"", "{", "token", "token:", "token=a&", "token=\\", `"token":"`, `"token":{`, `\"`, "://", "://@", "bearer ", "Bearer x=", "Cookie:\n ",
		"tok-abcdef-12", "dXNlcjp", " ", "key=1 ", "eyJ.", "\r\n", "%3D", "token %3d", "urlpass", "https://a:b@c ", `'token':'\'`, `token:\\"`,
	} {
		small := strings.Repeat(unit, (32<<10)/len(unit))
		large := strings.Repeat(small, 8)
		if got := probe.NewRedactor(server).Text(large); len(got) > 3*len(large)+10 {
			t.Errorf("%q: %d bytes became %d", unit, len(large), len(got))
		}
		if ratio := costRatio(probe.NewRedactor(server), small, large); ratio > 24 {
			t.Errorf("%q: eight times the text took %.0f times as long", unit, ratio)
		}
	}
}

// costRatio compares the quickest of several runs, so that other work on the
// machine does not count. It stops when the answer is clear.
func costRatio(r *probe.Redactor, small, large string) float64 {
	quick, slow := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for range 10 {
		quick, slow = min(quick, timed(r, small)), min(slow, timed(r, large))
		if slow < 12*quick {
			break
		}
	}
	return float64(slow) / float64(max(1, quick))
}

func timed(r *probe.Redactor, text string) time.Duration {
	return cpuTime(func() { r.Text(text) })
}

func wallTime(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func TestClipText(t *testing.T) {
	for _, c := range []struct {
		in, want string
		n        int
	}{
		{"short", "short", 5},
		{"longer", "lo…", 5},
		{"ääää", "ä…", 5},
		{"a\x00b\x1b[31m\u202ec", "a b [31m c", 50},
		{"\xff\xfe", "?", 5},
	} {
		if got := probe.ClipText(c.in, c.n); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("{\"token\":\"", "\"}", "Authorization: Bearer ")
	f.Add("https://u:", "@h", `\"a\":`)
	f.Add("bearer ", "%26", "token\\\\\"=")
	f.Add("Cookie: x\r\n ", "\n", "sessionId=")
	r := probe.NewRedactor(secretServer())
	f.Fuzz(func(t *testing.T, a, b, c string) {
		in := c + a + "tok-abcdef-123" + b
		got := r.Text(in)
		if strings.Contains(got, "tok-abcdef-123") || len(got) > 3*len(in)+10 {
			t.Errorf("%q became %q", in, got)
		}
		if utf8.ValidString(in) && !utf8.ValidString(got) {
			t.Errorf("%q became invalid UTF-8: %q", in, got)
		}
		_ = probe.SafeURL(in)
	})
}

func BenchmarkRedact(b *testing.B) {
	r := probe.NewRedactor(secretServer())
	in := strings.Repeat(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"x","description":"Reads a thing.","token":"abc"}]}}`+"\r\n", 160)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		r.Text(in)
	}
}
