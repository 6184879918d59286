package endpoint

// operator is somebody who runs servers, or names, for many.
type operator struct {
	name   string
	tunnel bool
}

// known finds who runs what is under a domain. Those that run many servers under
// one registrable domain need no entry.
func known(domain string) (operator, bool) {
	switch domain {
	case "smithery.ai", "run.tools":
		return operator{name: "smithery.ai"}, true
	case "on.aws":
		return operator{name: "lambda-url.on.aws"}, true
	case "amazonaws.com", "railway.app", "run.app", "workers.dev", "pages.dev", "vercel.app", "onrender.com", "fly.dev", "azurewebsites.net",
		"azurecontainerapps.io", "azure-api.net", "hf.space", "netlify.app", "github.io", "replit.app", "deno.dev", "herokuapp.com",
		"modal.run", "koyeb.app", "cloudfunctions.net", "web.app", "supabase.co", "myshopify.com":
		return operator{name: domain}, true
	case "trycloudflare.com", "ngrok-free.app", "ngrok-free.dev", "ngrok.app", "ngrok.io", "ngrok.dev", "loca.lt", "sslip.io", "nip.io", "xip.io",
		"duckdns.org", "serveo.net", "localhost.run", "lhr.life", "pinggy.link", "devtunnels.ms", "ts.net", "tunnelmole.net", "bore.pub":
		return operator{name: domain, tunnel: true}, true
	}
	return operator{}, false
}

// pages returns the beginnings of paths under which a host has pages and no
// endpoints.
func pages(host string) []string {
	switch host {
	case "github.com", "gist.github.com", "raw.githubusercontent.com", "gitlab.com", "bitbucket.org", "codeberg.org", "medium.com", "dev.to",
		"npmjs.com", "pypi.org", "crates.io", "pkg.go.dev", "hub.docker.com", "youtube.com", "youtu.be", "x.com", "twitter.com", "linkedin.com",
		"reddit.com", "docs.google.com", "modelcontextprotocol.io", "chromewebstore.google.com", "marketplace.visualstudio.com", "producthunt.com":
		return []string{""}
	case "glama.ai":
		return []string{"/mcp/servers", "/mcp/connectors"}
	case "smithery.ai":
		return []string{"/server/", "/servers/"}
	case "mcp.so":
		return []string{"/server"}
	case "pulsemcp.com":
		return []string{"/servers/"}
	}
	return nil
}
