package statuspage

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// themeCookie remembers the choice of light or dark.
const themeCookie = "alivemcp-theme"

// themeOf returns light, dark, or nothing when the system decides.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

// setTheme remembers a choice and goes back to the page that it was made on.
func (s *Site) setTheme(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("%w: the form cannot be read: %w", uptime.ErrInvalid, err)
	}
	cookie := &http.Cookie{
		Name: themeCookie, Value: r.PostFormValue("theme"), Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int((365 * 24 * time.Hour).Seconds()),
		Secure: overTLS(r),
	}
	if cookie.Value != "light" && cookie.Value != "dark" {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, ownPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

// ownPath returns the path when it leads to this site, else the dashboard:
// //host and /\host lead elsewhere.
func ownPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
