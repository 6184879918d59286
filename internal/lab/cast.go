package lab

import (
	"net/http"
	"strings"
	"time"
)

// Cast returns the servers of the demonstration: each behaves in the way that
// its description promises. They are no scenarios of the lab's list, because
// what a check says about them changes with the minute or the region.
func Cast() []Scenario {
	const group = "demo"
	html := page(http.StatusOK, "It works!")
	away := refuse(http.StatusServiceUnavailable, "starting")
	slowly := after(5500*time.Millisecond, session(initialize))
	return []Scenario{
		{Name: "weather", Group: group, About: "Forecasts and observations.", handler: own(weatherTools())},
		{Name: "docs-search", Group: group, About: "Finds pages of the handbook.", handler: modernOwn(docsTools())},
		{Name: "images", Group: group, About: "Resizes, crops and describes images.", handler: own(imageTools())},
		{
			Name: "calendar", Group: group, About: "Appointments, over the older HTTP+SSE transport.",
			path: "sse", handler: sdkSSE,
		},
		{
			Name: "tickets", Group: group, About: "Restarts every few minutes.",
			handler: perMinute(func(m int) bool { return m%12 >= 8 && m%12 <= 10 }, away),
		},
		{
			Name: "geocoder", Group: group, About: "Needs more than five seconds for a handshake.",
			handler: legacy(on{"initialize": slowly}),
		},
		{
			Name: "crm", Group: group, About: "A release renames a parameter two minutes after the start.",
			handler: legacy(on{"tools/list": inSession(from(2, listed(crmTools()), listed(crmToolsAfter())))}),
		},
		{Name: "billing", Group: group, About: "Requires a sign-in, and says how.", handler: wall{}.around(own(billingTools()))},
		{
			Name: "files", Group: group, About: "Its certificate ends in five days.", Setup: Setup{NeedsCA: true},
			handler: own(fileTools()), tls: certified(validFor(-24*time.Hour, 5*24*time.Hour+time.Hour)),
		},
		{Name: "product-search", Group: group, About: "Searches the catalogue.", own: true, handler: own(productTools())},
		{Name: "product-search-stale", Group: group, About: "An edge that still serves the old list of tools.", own: true, handler: own(productToolsOld())},
		{Name: "inventory", Group: group, About: "Answers 200 with a web page since a deployment.", handler: always(html)},
		{
			Name: "analytics", Group: group, About: "Lists its tools and fails every call.",
			handler: legacy(on{"tools/call": inSession(toolResult("timeout: could not get a connection from the pool within 3000 ms", true))}),
			profile: canary(),
		},
		{
			Name: "translate", Group: group, About: "Answers everyone with 429.",
			handler: always(with("Retry-After", "60", refuse(http.StatusTooManyRequests, "slow down"))),
		},
		{Name: "payments", Group: group, About: "Down for a planned upgrade.", handler: always(away)},
	}
}

// own is a correct server with these tools.
func own(list []string) func(*stage) http.Handler {
	return legacy(on{"tools/list": inSession(listed(list))})
}

func modernOwn(list []string) func(*stage) http.Handler {
	return modern(on{"tools/list": result(`{` + cacheable + `,` + serverMeta + `,"tools":[` + strings.Join(list, ",") + `]}`)})
}

// listed answers tools/list with these tools.
func listed(list []string) answer { return result(`{"tools":[` + strings.Join(list, ",") + `]}`) }

// tool is a read-only tool with these parameters, each as name:type, those with
// an exclamation mark required.
func tool(name, description string, params ...string) string {
	var props, required []string
	for _, p := range params {
		name, kind, _ := strings.Cut(p, ":")
		if n, ok := strings.CutSuffix(name, "!"); ok {
			name = n
			required = append(required, `"`+name+`"`)
		}
		props = append(props, `"`+name+`":{"type":"`+kind+`"}`)
	}
	return `{"name":"` + name + `","description":"` + description + `","inputSchema":{"type":"object","properties":{` +
		strings.Join(props, ",") + `},"required":[` + strings.Join(required, ",") + `]},"annotations":{"readOnlyHint":true}}`
}

func weatherTools() []string {
	return []string{
		tool("current_weather", "The weather at a place, now.", "place!:string", "units:string"),
		tool("forecast", "The forecast of the next ten days.", "place!:string", "days:integer"),
		tool("alerts", "Official warnings for a region.", "region!:string"),
		tool("sun_and_moon", "Rise and set at a place.", "place!:string", "date:string"),
	}
}

func docsTools() []string {
	return []string{
		tool("search", "Search the handbook.", "query!:string", "limit:integer"),
		tool("read_page", "Read one page.", "path!:string"),
	}
}

func imageTools() []string {
	return []string{
		tool("resize", "Resize an image.", "url!:string", "width!:integer", "height:integer"),
		tool("crop", "Cut out a part.", "url!:string", "box!:array"),
		tool("describe", "Describe what can be seen.", "url!:string", "language:string"),
		tool("palette", "The main colours.", "url!:string"),
		tool("convert", "Convert to another format.", "url!:string", "format!:string"),
		tool("metadata", "Read what the camera wrote.", "url!:string"),
	}
}

func crmTools() []string {
	return []string{
		tool("find_customer", "Find customers by name or mail address.", "query!:string", "limit:integer"),
		tool("get_customer", "One customer with contacts.", "customer!:string"),
		tool("list_orders", "Orders of a customer.", "customer!:string", "since:string"),
	}
}

// crmToolsAfter is the list after a release that breaks clients.
func crmToolsAfter() []string {
	return []string{
		tool("find_customer", "Find customers by name, mail address or phone number.", "query!:string", "limit:integer"),
		tool("get_customer", "One customer with contacts.", "customer_id!:string"),
		tool("list_orders", "Orders of a customer.", "customer!:string", "since:string", "status:string"),
		tool("list_invoices", "Invoices of a customer.", "customer!:string"),
	}
}

func billingTools() []string {
	return []string{tool("list_invoices", "Invoices of the account.", "since:string")}
}

func fileTools() []string {
	return []string{
		tool("list_files", "Files of a folder.", "folder:string"),
		tool("read_file", "The text of a file.", "path!:string"),
	}
}

func productTools() []string {
	return append(productToolsOld(), tool("compare_products", "Compare products side by side.", "skus!:array"))
}

func productToolsOld() []string {
	return []string{
		tool("search_products", "Search the catalogue.", "query!:string", "category:string"),
		tool("get_product", "One product.", "sku!:string"),
	}
}

// CastTools returns the tools, as JSON objects, that a server of the cast lists
// at the start; nil when it has none of its own.
func CastTools(name string) []string {
	switch name {
	case "weather":
		return weatherTools()
	case "docs-search":
		return docsTools()
	case "images":
		return imageTools()
	case "product-search":
		return productTools()
	}
	return nil
}
