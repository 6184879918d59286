package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// signFlags say how to sign in. Secrets come from the environment or from
// files, so that they need not stand in process lists; only --header also takes
// a literal.
type signFlags struct {
	headers                                []string
	bearerEnv, bearerFile                  string
	clientID, clientSecretEnv, clientSFile string
	tokenURL                               string
	scopes                                 []string
	cert, key                              string
}

func (s *signFlags) declare(flags *pflag.FlagSet) {
	flags.StringArrayVar(&s.headers, "header", nil, "send `'NAME: VALUE'`; VALUE may be env:NAME or file:PATH (repeatable)")
	flags.StringVar(&s.bearerEnv, "bearer-env", "", "sign in with the bearer token in this environment `variable`")
	flags.StringVar(&s.bearerFile, "bearer-file", "", "sign in with the bearer token in this `file`")
	flags.StringVar(&s.clientID, "client-id", "", "sign in with OAuth client credentials: the client's `id`")
	flags.StringVar(&s.clientSecretEnv, "client-secret-env", "", "environment `variable` that holds the client's secret")
	flags.StringVar(&s.clientSFile, "client-secret-file", "", "`file` that holds the client's secret")
	flags.StringVar(&s.tokenURL, "token-url", "", "token endpoint `URL` (default: found by OAuth discovery)")
	flags.StringArrayVar(&s.scopes, "scope", nil, "scope to ask for (repeatable)")
	flags.StringVar(&s.cert, "cert", "", "sign in with the client certificate in this PEM `file`")
	flags.StringVar(&s.key, "key-file", "", "PEM `file` with the key of --cert")
}

// given reports whether anything secret would be sent.
func (s *signFlags) given() bool {
	return len(s.headers) > 0 || s.bearerEnv != "" || s.bearerFile != "" || s.clientID != "" || s.cert != ""
}

// profile reads headers and credential into p.
func (s *signFlags) profile(sh Shell, p *uptime.Profile) error {
	for _, h := range s.headers {
		header, err := sh.header(h)
		if err != nil {
			return err
		}
		p.Headers = append(p.Headers, header)
	}
	cred, err := s.credential(sh)
	p.Credential = cred
	return err
}

func (s *signFlags) credential(sh Shell) (*uptime.Credential, error) {
	var ways []uptime.CredentialKind
	for kind, given := range map[uptime.CredentialKind]bool{
		uptime.CredentialBearer: s.bearerEnv != "" || s.bearerFile != "",
		uptime.CredentialClient: s.clientID != "" || s.clientSecretEnv != "" || s.clientSFile != "" || s.tokenURL != "",
		uptime.CredentialMTLS:   s.cert != "" || s.key != "",
	} {
		if given {
			ways = append(ways, kind)
		}
	}
	switch {
	case len(ways) == 0:
		return nil, nil
	case len(ways) > 1:
		return nil, usageError{"several ways to sign in", "give one of --bearer-env, --bearer-file, --client-id and --cert"}
	case ways[0] == uptime.CredentialBearer:
		return s.bearer(sh)
	case ways[0] == uptime.CredentialClient:
		return s.client(sh)
	}
	return s.mtls()
}

func (s *signFlags) bearer(sh Shell) (*uptime.Credential, error) {
	token, err := sh.envOrFile(s.bearerEnv, s.bearerFile)
	if err != nil {
		return nil, err
	}
	return &uptime.Credential{Kind: uptime.CredentialBearer, Token: token}, nil
}

func (s *signFlags) client(sh Shell) (*uptime.Credential, error) {
	if s.clientID == "" || s.clientSecretEnv == "" && s.clientSFile == "" {
		return nil, usageError{"client credentials are incomplete", "give --client-id ID and --client-secret-env NAME"}
	}
	secret, err := sh.envOrFile(s.clientSecretEnv, s.clientSFile)
	if err != nil {
		return nil, err
	}
	return &uptime.Credential{
		Kind: uptime.CredentialClient, ClientID: s.clientID, ClientSecret: secret,
		TokenURL: s.tokenURL, Scopes: s.scopes,
	}, nil
}

func (s *signFlags) mtls() (*uptime.Credential, error) {
	if s.cert == "" || s.key == "" {
		return nil, usageError{"a client certificate needs its key", "give --cert FILE and --key-file FILE"}
	}
	cert, err := readFile(s.cert, maxSmallFile)
	if err != nil {
		return nil, err
	}
	key, err := readFile(s.key, maxSmallFile)
	if err != nil {
		return nil, err
	}
	return &uptime.Credential{Kind: uptime.CredentialMTLS, Certificate: cert, Key: uptime.Secret(key)}, nil
}

// headerName is a field name of RFC 9110, section 5.1.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// header parses 'NAME: VALUE'. Its errors never repeat the value.
func (sh Shell) header(s string) (uptime.Header, error) {
	name, ref, ok := strings.Cut(s, ":")
	if !ok || !headerName.MatchString(name) {
		return uptime.Header{}, usageError{"--header wants 'NAME: VALUE'", "try: --header 'X-API-Key: env:API_KEY'"}
	}
	value, err := sh.secret(strings.TrimSpace(ref))
	if err != nil {
		return uptime.Header{}, fmt.Errorf("--header %s: %w", name, err)
	}
	return uptime.Header{Name: name, Value: value}, nil
}

// secret resolves a literal, env:NAME or file:PATH.
func (sh Shell) secret(ref string) (uptime.Secret, error) {
	if name, ok := strings.CutPrefix(ref, "env:"); ok {
		return sh.envOrFile(name, "")
	}
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		return sh.envOrFile("", path)
	}
	return oneLineSecret(ref)
}

// envOrFile reads a secret from exactly one of a variable and a file.
func (sh Shell) envOrFile(env, file string) (uptime.Secret, error) {
	switch {
	case env != "" && file != "":
		return "", usageError{"a secret comes from one place", "give the variable or the file, not both"}
	case env != "":
		value, ok := sh.LookupEnv(env)
		if !ok || value == "" {
			return "", fmt.Errorf("the environment variable %s is not set; export it first", env)
		}
		return oneLineSecret(value)
	case file == "":
		return "", errors.New("the name of a variable or file is empty")
	}
	data, err := readFile(file, maxSmallFile)
	if err != nil {
		return "", err
	}
	return oneLineSecret(strings.TrimRight(string(data), "\r\n"))
}

// oneLineSecret refuses what could not be sent in a header (RFC 9110, section
// 5.5).
func oneLineSecret(s string) (uptime.Secret, error) {
	if s == "" {
		return "", errors.New("the secret is empty")
	}
	for _, r := range s {
		if r < ' ' && r != '\t' || r == 0x7f {
			return "", errors.New("the secret holds a control character; it must be one line of text")
		}
	}
	return uptime.Secret(s), nil
}
