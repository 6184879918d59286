// Package statuspage is the public site of a monitor: the dashboard, the page
// of each server with its incidents and drifts, the badge studio, and the desk
// of the operator. It shows what package board knows and decides nothing.
//
// Pages are rendered on the server and complete without script. Text that
// comes from monitored servers is hostile and goes through the template
// function visible.
package statuspage
