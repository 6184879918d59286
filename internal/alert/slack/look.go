package slack

import "context"

// Look asks whether the token is still good, which nobody sees (auth.test needs
// no scope). One that was revoked is a refusal that says gone. It does not tell
// of a channel that was archived.
func (a *App) Look(ctx context.Context) error {
	_, err := a.call(ctx, "auth.test", struct{}{})
	return err
}
